CREATE TABLE contact_cards (
    id               BLOB PRIMARY KEY,
    company_id       TEXT NOT NULL REFERENCES companies (id),
    primary_phone    TEXT NOT NULL,
    secondary_phone  TEXT,
    email            TEXT,
    first_name       TEXT,
    last_name        TEXT,
    address          TEXT,
    city             TEXT,
    state            TEXT,
    postal_code      TEXT,
    metadata         TEXT,
    version          INTEGER NOT NULL DEFAULT 1,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    UNIQUE (company_id, primary_phone)
) STRICT;
CREATE INDEX contact_cards_created ON contact_cards (company_id, created_at, id);

CREATE TABLE leads (
    id                 BLOB PRIMARY KEY,
    company_id         TEXT NOT NULL REFERENCES companies (id),
    contact_card_id    BLOB NOT NULL REFERENCES contact_cards (id),
    status             TEXT NOT NULL CHECK (status IN ('new', 'warm', 'hot', 'qualified_booked', 'qualified_unbooked',
                           'qualified_service_not_offered', 'nurturing', 'dormant', 'abandoned', 'closed_won', 'closed_lost')),
    source             TEXT NOT NULL CHECK (source IN ('unknown', 'inbound_call', 'inbound_web', 'referral', 'partner', 'other', 'ai_recovery')),
    campaign           TEXT,
    pipeline_stage     TEXT,
    priority           TEXT CHECK (priority IN ('high', 'medium', 'low')),
    score              INTEGER,
    tags               TEXT,
    assigned_rep_id    TEXT,
    deal_status        TEXT,
    deal_size_cents    INTEGER,
    last_contacted_at  INTEGER,
    -- when the call of the newest verdict began: an older call's verdict must not override it
    last_verdict_at    INTEGER,
    version            INTEGER NOT NULL DEFAULT 1,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX leads_one_active ON leads (company_id, contact_card_id)
    WHERE status IN ('new', 'warm', 'hot', 'nurturing', 'qualified_booked', 'qualified_unbooked');
CREATE INDEX leads_created ON leads (company_id, created_at, id);
CREATE INDEX leads_contact ON leads (company_id, contact_card_id, created_at);
CREATE INDEX leads_rep ON leads (company_id, assigned_rep_id) WHERE assigned_rep_id IS NOT NULL;

CREATE TABLE lead_status_history (
    id            BLOB PRIMARY KEY,
    company_id    TEXT NOT NULL REFERENCES companies (id),
    lead_id       BLOB NOT NULL REFERENCES leads (id),
    -- one line for each version of the lead that changed its status
    lead_version  INTEGER NOT NULL,
    from_status   TEXT,
    to_status     TEXT NOT NULL,
    reason        TEXT,
    triggered_by  TEXT NOT NULL,
    context       TEXT,
    created_at    INTEGER NOT NULL,
    UNIQUE (company_id, lead_id, lead_version)
) STRICT;

CREATE TABLE appointments (
    id                BLOB PRIMARY KEY,
    company_id        TEXT NOT NULL REFERENCES companies (id),
    lead_id           BLOB NOT NULL REFERENCES leads (id),
    contact_card_id   BLOB REFERENCES contact_cards (id),
    call_id           INTEGER,
    assigned_rep_id   TEXT,
    scheduled_start   INTEGER NOT NULL,
    scheduled_end     INTEGER,
    status            TEXT NOT NULL CHECK (status IN ('scheduled', 'confirmed', 'completed', 'cancelled', 'no_show')),
    outcome           TEXT NOT NULL CHECK (outcome IN ('pending', 'won', 'lost', 'no_show', 'rescheduled')),
    appointment_type  TEXT,
    location          TEXT,
    service_type      TEXT,
    notes             TEXT,
    external_id       TEXT,
    deal_size_cents   INTEGER,
    version           INTEGER NOT NULL DEFAULT 1,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL
) STRICT;
-- a lead is visited once at a time; a visit called off may be made again
CREATE UNIQUE INDEX appointments_one_at_a_time ON appointments (company_id, lead_id, scheduled_start)
    WHERE status IN ('scheduled', 'confirmed', 'completed');
CREATE UNIQUE INDEX appointments_external ON appointments (company_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX appointments_start ON appointments (company_id, scheduled_start, id);
CREATE INDEX appointments_lead ON appointments (company_id, lead_id, scheduled_start, id);
CREATE INDEX appointments_contact ON appointments (company_id, contact_card_id);
CREATE INDEX appointments_rep ON appointments (company_id, assigned_rep_id, scheduled_start) WHERE assigned_rep_id IS NOT NULL;

CREATE TABLE tasks (
    id               BLOB PRIMARY KEY,
    company_id       TEXT NOT NULL REFERENCES companies (id),
    contact_card_id  BLOB REFERENCES contact_cards (id),
    lead_id          BLOB REFERENCES leads (id),
    appointment_id   BLOB REFERENCES appointments (id),
    call_id          INTEGER,
    description      TEXT NOT NULL,
    assigned_to      TEXT NOT NULL CHECK (assigned_to IN ('csr', 'rep', 'manager', 'ai')),
    assignee_id      TEXT,
    source           TEXT NOT NULL CHECK (source IN ('otto', 'shunya', 'manual')),
    action_type      TEXT,
    natural_key      TEXT NOT NULL,
    due_at           INTEGER,
    status           TEXT NOT NULL CHECK (status IN ('open', 'pending', 'completed', 'overdue', 'cancelled')),
    priority         TEXT CHECK (priority IN ('high', 'medium', 'low')),
    notes            TEXT,
    completed_at     INTEGER,
    completed_by     TEXT,
    created_by       TEXT,
    version          INTEGER NOT NULL DEFAULT 1,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX tasks_one_unfinished ON tasks (company_id, natural_key) WHERE status IN ('open', 'pending', 'overdue');
-- the same promise of the same call is one task, finished or not
CREATE UNIQUE INDEX tasks_one_per_call ON tasks (company_id, call_id, natural_key) WHERE call_id IS NOT NULL;
CREATE INDEX tasks_due ON tasks (company_id, due_at, created_at);
CREATE INDEX tasks_contact ON tasks (company_id, contact_card_id);
CREATE INDEX tasks_lead ON tasks (company_id, lead_id);
CREATE INDEX tasks_appointment ON tasks (company_id, appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX tasks_overdue ON tasks (due_at) WHERE status IN ('open', 'pending');

CREATE TABLE key_signals (
    id               BLOB PRIMARY KEY,
    company_id       TEXT NOT NULL REFERENCES companies (id),
    contact_card_id  BLOB NOT NULL REFERENCES contact_cards (id),
    lead_id          BLOB REFERENCES leads (id),
    appointment_id   BLOB REFERENCES appointments (id),
    call_id          INTEGER,
    signal_type      TEXT NOT NULL CHECK (signal_type IN ('risk', 'opportunity', 'coaching', 'operational')),
    severity         TEXT NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    title            TEXT NOT NULL,
    description      TEXT,
    natural_key      TEXT NOT NULL,
    metadata         TEXT,
    acknowledged     INTEGER NOT NULL DEFAULT 0,
    acknowledged_at  INTEGER,
    acknowledged_by  TEXT,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX key_signals_one_open ON key_signals (company_id, natural_key) WHERE NOT acknowledged;
CREATE UNIQUE INDEX key_signals_one_per_call ON key_signals (company_id, call_id, natural_key) WHERE call_id IS NOT NULL;
CREATE INDEX key_signals_contact ON key_signals (company_id, contact_card_id);
CREATE INDEX key_signals_created ON key_signals (company_id, created_at, id);
