-- How far a provider's own list of calls has been read: the platform's account, and the accounts of companies that bring
-- their own.
CREATE TABLE call_listings (
    -- none for the platform's account
    company_id    text REFERENCES companies (id),
    -- the company, or '' for the platform
    owner_key     text NOT NULL,
    provider      text NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    -- a fingerprint: the account's own name is kept sealed with its key
    account_key   text NOT NULL,
    -- every call that began before this was taken in
    listed_until  timestamptz NOT NULL,
    -- a walk through the list that is not at its end: when it began, and the provider's link to its next page
    walk_began    timestamptz,
    next_page     text,
    -- when a walk last reached the end, and since when none gets on
    finished_at   timestamptz,
    failing_since timestamptz,
    last_error    text,
    version       integer NOT NULL DEFAULT 1,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    PRIMARY KEY (owner_key, provider, account_key)
);
CREATE INDEX call_listings_company ON call_listings (company_id, provider);

ALTER TABLE call_listings ENABLE ROW LEVEL SECURITY;
ALTER TABLE call_listings FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON call_listings TO otto_app USING (company_id = current_setting('otto.company_id', true))
    WITH CHECK (company_id = current_setting('otto.company_id', true));
CREATE POLICY across_tenants ON call_listings TO otto_system USING (true) WITH CHECK (true);
