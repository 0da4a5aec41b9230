ALTER TABLE leads DROP COLUMN learned;
ALTER TABLE contact_cards DROP COLUMN learned;
ALTER TABLE calls DROP COLUMN customer_city, DROP COLUMN customer_state, DROP COLUMN campaign;
