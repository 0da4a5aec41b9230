-- What a customer's card and lead take from calls: as columns, so that the earliest call that says something is found
-- without reading every call's facts.
ALTER TABLE calls ADD COLUMN customer_city TEXT;
ALTER TABLE calls ADD COLUMN customer_state TEXT;
ALTER TABLE calls ADD COLUMN campaign TEXT;
-- What was learned last, to tell it from what people wrote.
ALTER TABLE contact_cards ADD COLUMN learned TEXT;
ALTER TABLE leads ADD COLUMN learned TEXT;

UPDATE calls SET
    customer_city = json_extract(facts, '$.customer_city.value'),
    customer_state = json_extract(facts, '$.customer_state.value'),
    campaign = json_extract(facts, '$.campaign.value');
