DROP TABLE key_signals;
DROP TABLE tasks;
DROP TABLE appointments;
DROP TABLE lead_status_history;
DROP TABLE leads;
DROP TABLE contact_cards;
