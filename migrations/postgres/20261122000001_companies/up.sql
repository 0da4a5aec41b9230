CREATE TABLE companies (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    time_zone   text,
    tenant_key  text NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE users (
    id          text PRIMARY KEY,
    company_id  text NOT NULL REFERENCES companies (id),
    name        text,
    email       text,
    role        text NOT NULL CHECK (role IN ('manager', 'csr', 'sales_rep')),
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);
CREATE INDEX users_company ON users (company_id, id);

-- a number belongs to one tenant: that is how a call finds its company
CREATE TABLE tracking_numbers (
    id          uuid PRIMARY KEY,
    company_id  text NOT NULL REFERENCES companies (id),
    number      text NOT NULL UNIQUE,
    provider    text NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    created_at  timestamptz NOT NULL
);
CREATE INDEX tracking_numbers_company ON tracking_numbers (company_id, number);

-- the names a provider knows a company by; older payloads carry a numeric one, newer ones both
CREATE TABLE provider_accounts (
    id          uuid PRIMARY KEY,
    company_id  text NOT NULL REFERENCES companies (id),
    provider    text NOT NULL CHECK (provider IN ('callrail', 'twilio', 'shunya')),
    external_id text NOT NULL,
    created_at  timestamptz NOT NULL,
    UNIQUE (provider, external_id)
);
CREATE INDEX provider_accounts_company ON provider_accounts (company_id, provider);

-- sealed with OTTO_ENCRYPTION_KEY
CREATE TABLE provider_credentials (
    id          uuid PRIMARY KEY,
    company_id  text NOT NULL REFERENCES companies (id),
    provider    text NOT NULL CHECK (provider IN ('callrail', 'twilio', 'shunya')),
    name        text NOT NULL,
    ciphertext  bytea NOT NULL,
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL,
    UNIQUE (company_id, provider, name)
);
