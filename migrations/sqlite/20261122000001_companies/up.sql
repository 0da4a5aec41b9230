CREATE TABLE companies (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    time_zone   TEXT,
    tenant_key  TEXT NOT NULL UNIQUE,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    id          TEXT PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    name        TEXT,
    email       TEXT,
    role        TEXT NOT NULL CHECK (role IN ('manager', 'csr', 'sales_rep')),
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX users_company ON users (company_id, id);

-- a number belongs to one tenant: that is how a call finds its company
CREATE TABLE tracking_numbers (
    id          BLOB PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    number      TEXT NOT NULL UNIQUE,
    provider    TEXT NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX tracking_numbers_company ON tracking_numbers (company_id, number);

-- the names a provider knows a company by; older payloads carry a numeric one, newer ones both
CREATE TABLE provider_accounts (
    id          BLOB PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    provider    TEXT NOT NULL CHECK (provider IN ('callrail', 'twilio', 'shunya')),
    external_id TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    UNIQUE (provider, external_id)
) STRICT;
CREATE INDEX provider_accounts_company ON provider_accounts (company_id, provider);

-- sealed with OTTO_ENCRYPTION_KEY
CREATE TABLE provider_credentials (
    id          BLOB PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    provider    TEXT NOT NULL CHECK (provider IN ('callrail', 'twilio', 'shunya')),
    name        TEXT NOT NULL,
    ciphertext  BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    UNIQUE (company_id, provider, name)
) STRICT;
