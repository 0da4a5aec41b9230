-- What a customer's card and lead take from calls: as columns, so that the earliest call that says something is found
-- without reading every call's facts.
ALTER TABLE calls ADD COLUMN customer_city text, ADD COLUMN customer_state text, ADD COLUMN campaign text;
-- What was learned last, to tell it from what people wrote.
ALTER TABLE contact_cards ADD COLUMN learned jsonb;
ALTER TABLE leads ADD COLUMN learned jsonb;

SET ROLE otto_system;
-- small: this comes before the first release, and there are no calls yet but a developer's own
UPDATE calls SET
    customer_city = facts -> 'customer_city' ->> 'value',
    customer_state = facts -> 'customer_state' ->> 'value',
    campaign = facts -> 'campaign' ->> 'value'
WHERE facts ? 'customer_city' OR facts ? 'customer_state' OR facts ? 'campaign';
RESET ROLE;
