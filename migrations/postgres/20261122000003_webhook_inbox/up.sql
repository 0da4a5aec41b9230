CREATE TABLE webhook_inbox (
    id              uuid PRIMARY KEY,
    -- unknown until the sender's tenant is
    company_id      text REFERENCES companies (id),
    provider        text NOT NULL,
    kind            text NOT NULL,
    event_key       text NOT NULL UNIQUE,
    -- what the event speaks of, for matching what arrived too early
    match_key       text,
    state           text NOT NULL CHECK (state IN ('received', 'applied', 'waiting', 'quarantined', 'ignored')),
    reason          text,
    path            text NOT NULL,
    query           text NOT NULL,
    content_type    text,
    proof           jsonb NOT NULL,
    body            bytea NOT NULL,
    call_id         bigint,
    trace           text,
    duplicates      integer NOT NULL DEFAULT 0,
    received_at     timestamptz NOT NULL,
    processed_at    timestamptz
);
CREATE INDEX webhook_inbox_company ON webhook_inbox (company_id, id);
CREATE INDEX webhook_inbox_open ON webhook_inbox (state, id) WHERE state IN ('received', 'waiting', 'quarantined');
CREATE INDEX webhook_inbox_match ON webhook_inbox (company_id, match_key) WHERE state = 'waiting';
CREATE INDEX webhook_inbox_received ON webhook_inbox (received_at);
