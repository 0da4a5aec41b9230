CREATE TABLE contact_cards (
    id               uuid PRIMARY KEY,
    company_id       text NOT NULL REFERENCES companies (id),
    primary_phone    text NOT NULL,
    secondary_phone  text,
    email            text,
    first_name       text,
    last_name        text,
    address          text,
    city             text,
    state            text,
    postal_code      text,
    metadata         jsonb,
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    UNIQUE (company_id, primary_phone)
);
CREATE INDEX contact_cards_created ON contact_cards (company_id, created_at, id);

CREATE TABLE leads (
    id                 uuid PRIMARY KEY,
    company_id         text NOT NULL REFERENCES companies (id),
    contact_card_id    uuid NOT NULL REFERENCES contact_cards (id),
    status             text NOT NULL CHECK (status IN ('new', 'warm', 'hot', 'qualified_booked', 'qualified_unbooked',
                           'qualified_service_not_offered', 'nurturing', 'dormant', 'abandoned', 'closed_won', 'closed_lost')),
    source             text NOT NULL CHECK (source IN ('unknown', 'inbound_call', 'inbound_web', 'referral', 'partner', 'other', 'ai_recovery')),
    campaign           text,
    pipeline_stage     text,
    priority           text CHECK (priority IN ('high', 'medium', 'low')),
    score              integer,
    tags               jsonb,
    assigned_rep_id    text,
    deal_status        text,
    deal_size_cents    bigint,
    last_contacted_at  timestamptz,
    -- when the call of the newest verdict began: an older call's verdict must not override it
    last_verdict_at    timestamptz,
    version            integer NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE UNIQUE INDEX leads_one_active ON leads (company_id, contact_card_id)
    WHERE status IN ('new', 'warm', 'hot', 'nurturing', 'qualified_booked', 'qualified_unbooked');
CREATE INDEX leads_created ON leads (company_id, created_at, id);
CREATE INDEX leads_contact ON leads (company_id, contact_card_id, created_at);
CREATE INDEX leads_rep ON leads (company_id, assigned_rep_id) WHERE assigned_rep_id IS NOT NULL;

CREATE TABLE lead_status_history (
    id            uuid PRIMARY KEY,
    company_id    text NOT NULL REFERENCES companies (id),
    lead_id       uuid NOT NULL REFERENCES leads (id),
    -- one line for each version of the lead that changed its status
    lead_version  integer NOT NULL,
    from_status   text,
    to_status     text NOT NULL,
    reason        text,
    triggered_by  text NOT NULL,
    context       jsonb,
    created_at    timestamptz NOT NULL,
    UNIQUE (company_id, lead_id, lead_version)
);

CREATE TABLE appointments (
    id                uuid PRIMARY KEY,
    company_id        text NOT NULL REFERENCES companies (id),
    lead_id           uuid NOT NULL REFERENCES leads (id),
    contact_card_id   uuid REFERENCES contact_cards (id),
    call_id           bigint,
    assigned_rep_id   text,
    scheduled_start   timestamptz NOT NULL,
    scheduled_end     timestamptz,
    status            text NOT NULL CHECK (status IN ('scheduled', 'confirmed', 'completed', 'cancelled', 'no_show')),
    outcome           text NOT NULL CHECK (outcome IN ('pending', 'won', 'lost', 'no_show', 'rescheduled')),
    appointment_type  text,
    location          text,
    service_type      text,
    notes             text,
    external_id       text,
    deal_size_cents   bigint,
    version           integer NOT NULL DEFAULT 1,
    created_at        timestamptz NOT NULL,
    updated_at        timestamptz NOT NULL
);
-- a lead is visited once at a time; a visit called off may be made again
CREATE UNIQUE INDEX appointments_one_at_a_time ON appointments (company_id, lead_id, scheduled_start)
    WHERE status IN ('scheduled', 'confirmed', 'completed');
CREATE UNIQUE INDEX appointments_external ON appointments (company_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX appointments_start ON appointments (company_id, scheduled_start, id);
CREATE INDEX appointments_lead ON appointments (company_id, lead_id, scheduled_start, id);
CREATE INDEX appointments_contact ON appointments (company_id, contact_card_id);
CREATE INDEX appointments_rep ON appointments (company_id, assigned_rep_id, scheduled_start) WHERE assigned_rep_id IS NOT NULL;

CREATE TABLE tasks (
    id               uuid PRIMARY KEY,
    company_id       text NOT NULL REFERENCES companies (id),
    contact_card_id  uuid REFERENCES contact_cards (id),
    lead_id          uuid REFERENCES leads (id),
    appointment_id   uuid REFERENCES appointments (id),
    call_id          bigint,
    description      text NOT NULL,
    assigned_to      text NOT NULL CHECK (assigned_to IN ('csr', 'rep', 'manager', 'ai')),
    assignee_id      text,
    source           text NOT NULL CHECK (source IN ('otto', 'shunya', 'manual')),
    action_type      text,
    natural_key      text NOT NULL,
    due_at           timestamptz,
    status           text NOT NULL CHECK (status IN ('open', 'pending', 'completed', 'overdue', 'cancelled')),
    priority         text CHECK (priority IN ('high', 'medium', 'low')),
    notes            text,
    completed_at     timestamptz,
    completed_by     text,
    created_by       text,
    version          integer NOT NULL DEFAULT 1,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX tasks_one_unfinished ON tasks (company_id, natural_key) WHERE status IN ('open', 'pending', 'overdue');
-- the same promise of the same call is one task, finished or not
CREATE UNIQUE INDEX tasks_one_per_call ON tasks (company_id, call_id, natural_key) WHERE call_id IS NOT NULL;
CREATE INDEX tasks_due ON tasks (company_id, due_at, created_at);
CREATE INDEX tasks_contact ON tasks (company_id, contact_card_id);
CREATE INDEX tasks_lead ON tasks (company_id, lead_id);
CREATE INDEX tasks_appointment ON tasks (company_id, appointment_id) WHERE appointment_id IS NOT NULL;
CREATE INDEX tasks_overdue ON tasks (due_at) WHERE status IN ('open', 'pending');

CREATE TABLE key_signals (
    id               uuid PRIMARY KEY,
    company_id       text NOT NULL REFERENCES companies (id),
    contact_card_id  uuid NOT NULL REFERENCES contact_cards (id),
    lead_id          uuid REFERENCES leads (id),
    appointment_id   uuid REFERENCES appointments (id),
    call_id          bigint,
    signal_type      text NOT NULL CHECK (signal_type IN ('risk', 'opportunity', 'coaching', 'operational')),
    severity         text NOT NULL CHECK (severity IN ('low', 'medium', 'high', 'critical')),
    title            text NOT NULL,
    description      text,
    natural_key      text NOT NULL,
    metadata         jsonb,
    acknowledged     boolean NOT NULL DEFAULT false,
    acknowledged_at  timestamptz,
    acknowledged_by  text,
    created_at       timestamptz NOT NULL
);
CREATE UNIQUE INDEX key_signals_one_open ON key_signals (company_id, natural_key) WHERE NOT acknowledged;
CREATE UNIQUE INDEX key_signals_one_per_call ON key_signals (company_id, call_id, natural_key) WHERE call_id IS NOT NULL;
CREATE INDEX key_signals_contact ON key_signals (company_id, contact_card_id);
CREATE INDEX key_signals_created ON key_signals (company_id, created_at, id);
