-- How far a provider's own list of calls has been read: the platform's account, and the accounts of companies that bring
-- their own.
CREATE TABLE call_listings (
    -- none for the platform's account
    company_id    TEXT REFERENCES companies (id),
    -- the company, or '' for the platform
    owner_key     TEXT NOT NULL,
    provider      TEXT NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    -- a fingerprint: the account's own name is kept sealed with its key
    account_key   TEXT NOT NULL,
    -- every call that began before this was taken in
    listed_until  INTEGER NOT NULL,
    -- a walk through the list that is not at its end: when it began, and the provider's link to its next page
    walk_began    INTEGER,
    next_page     TEXT,
    -- when a walk last reached the end, and since when none gets on
    finished_at   INTEGER,
    failing_since INTEGER,
    last_error    TEXT,
    version       INTEGER NOT NULL DEFAULT 1,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (owner_key, provider, account_key)
) STRICT;
CREATE INDEX call_listings_company ON call_listings (company_id, provider);
