CREATE TABLE webhook_inbox (
    id              BLOB PRIMARY KEY,
    -- unknown until the sender's tenant is
    company_id      TEXT REFERENCES companies (id),
    provider        TEXT NOT NULL,
    kind            TEXT NOT NULL,
    event_key       TEXT NOT NULL UNIQUE,
    -- what the event speaks of, for matching what arrived too early
    match_key       TEXT,
    state           TEXT NOT NULL CHECK (state IN ('received', 'applied', 'waiting', 'quarantined', 'ignored')),
    reason          TEXT,
    path            TEXT NOT NULL,
    query           TEXT NOT NULL,
    content_type    TEXT,
    proof           TEXT NOT NULL,
    body            BLOB NOT NULL,
    call_id         INTEGER,
    trace           TEXT,
    duplicates      INTEGER NOT NULL DEFAULT 0,
    received_at     INTEGER NOT NULL,
    processed_at    INTEGER
) STRICT;
CREATE INDEX webhook_inbox_company ON webhook_inbox (company_id, id);
CREATE INDEX webhook_inbox_open ON webhook_inbox (state, id) WHERE state IN ('received', 'waiting', 'quarantined');
CREATE INDEX webhook_inbox_match ON webhook_inbox (company_id, match_key) WHERE state = 'waiting';
CREATE INDEX webhook_inbox_received ON webhook_inbox (received_at);
