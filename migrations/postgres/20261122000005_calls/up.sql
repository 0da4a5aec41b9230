-- Shunya knows everything it analyses by one integer: calls take theirs from here, and visits and text threads will too
CREATE SEQUENCE subject_numbers;

CREATE TABLE calls (
    id                  bigint PRIMARY KEY,
    company_id          text NOT NULL REFERENCES companies (id),
    provider            text NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    provider_call_id    text NOT NULL,
    provider_legacy_id  text,
    direction           text CHECK (direction IN ('inbound', 'outbound')),
    call_type           text CHECK (call_type IN ('csr_call', 'sales_call')),
    status              text NOT NULL CHECK (status IN ('incoming', 'answered', 'missed', 'completed')),
    stage               text NOT NULL CHECK (stage IN ('ringing', 'in_progress', 'missed', 'awaiting_recording', 'no_recording',
                            'fetching_recording', 'recorded', 'analysing', 'analysed', 'failed')),
    missed              boolean NOT NULL,
    phone_number        text,
    tracking_number     text,
    customer_name       text,
    owner_id            text,
    assigned_rep_id     text,
    contact_card_id     uuid REFERENCES contact_cards (id),
    lead_id             uuid REFERENCES leads (id),
    duration_seconds    integer,
    facts               jsonb NOT NULL,
    problems            jsonb NOT NULL,
    -- of the newest analysis, so that lists and dashboards read one table
    lead_quality        text,
    booking_status      text CHECK (booking_status IN ('booked', 'not_booked', 'service_not_offered')),
    analyzed_at         timestamptz,
    -- when it began; when it was first heard of, if nobody said
    created_at          timestamptz NOT NULL,
    received_at         timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    UNIQUE (company_id, provider, provider_call_id)
);
CREATE UNIQUE INDEX calls_legacy ON calls (company_id, provider, provider_legacy_id) WHERE provider_legacy_id IS NOT NULL;
CREATE INDEX calls_page ON calls (company_id, created_at, id);
CREATE INDEX calls_contact ON calls (company_id, contact_card_id, created_at);
CREATE INDEX calls_lead ON calls (company_id, lead_id, created_at, id);
CREATE INDEX calls_phone ON calls (company_id, phone_number);
CREATE INDEX calls_owner ON calls (company_id, owner_id, created_at) WHERE owner_id IS NOT NULL;
CREATE INDEX calls_rep ON calls (company_id, assigned_rep_id, created_at) WHERE assigned_rep_id IS NOT NULL;
CREATE INDEX calls_counted ON calls (company_id, call_type, created_at, lead_quality, booking_status, owner_id);
CREATE INDEX calls_missed ON calls (company_id, created_at, id) WHERE missed;
CREATE INDEX calls_booked ON calls (company_id, created_at, id) WHERE booking_status = 'booked';
CREATE INDEX calls_unfinished ON calls (stage, updated_at)
    WHERE stage IN ('ringing', 'in_progress', 'awaiting_recording', 'fetching_recording', 'recorded', 'analysing');

-- what came of the sale, as people enter it; a call without a row has none of it
CREATE TABLE call_outcomes (
    call_id            bigint PRIMARY KEY REFERENCES calls (id),
    company_id         text NOT NULL REFERENCES companies (id),
    cancelled          boolean NOT NULL DEFAULT false,
    bought             boolean NOT NULL DEFAULT false,
    still_deciding     boolean NOT NULL DEFAULT false,
    loss_reason        text,
    sold_price_cents   bigint,
    has_discrepancies  boolean NOT NULL DEFAULT false,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX call_outcomes_company ON call_outcomes (company_id, call_id);

CREATE TABLE recordings (
    id                     uuid PRIMARY KEY,
    company_id             text NOT NULL REFERENCES companies (id),
    call_id                bigint NOT NULL REFERENCES calls (id),
    provider               text NOT NULL,
    provider_recording_id  text,
    state                  text NOT NULL CHECK (state IN ('pending', 'stored', 'failed', 'absent')),
    blob_key               text,
    content_type           text,
    size_bytes             bigint,
    sha256                 text,
    duration_seconds       integer,
    error                  text,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    UNIQUE (company_id, call_id)
);

CREATE TABLE shunya_jobs (
    id                  uuid PRIMARY KEY,
    company_id          text NOT NULL REFERENCES companies (id),
    call_id             bigint NOT NULL REFERENCES calls (id),
    job_type            text NOT NULL,
    input_hash          text NOT NULL,
    state               text NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'timeout')),
    vendor_task_id      text,
    submissions         integer NOT NULL DEFAULT 0,
    submitted_at        timestamptz,
    settled_at          timestamptz,
    result_fingerprint  text,
    result_via          text,
    error_code          text,
    error_message       text,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    UNIQUE (company_id, call_id, job_type, input_hash)
);
CREATE UNIQUE INDEX shunya_jobs_vendor ON shunya_jobs (company_id, vendor_task_id) WHERE vendor_task_id IS NOT NULL;
CREATE INDEX shunya_jobs_vendor_task ON shunya_jobs (vendor_task_id) WHERE vendor_task_id IS NOT NULL;
CREATE INDEX shunya_jobs_open ON shunya_jobs (updated_at) WHERE state IN ('pending', 'running');

CREATE TABLE call_transcripts (
    id             uuid PRIMARY KEY,
    company_id     text NOT NULL REFERENCES companies (id),
    call_id        bigint NOT NULL REFERENCES calls (id),
    shunya_job_id  uuid NOT NULL REFERENCES shunya_jobs (id),
    text           text NOT NULL,
    segments       jsonb NOT NULL,
    language       text,
    confidence     double precision,
    word_count     bigint,
    vendor_id      text,
    created_at     timestamptz NOT NULL,
    UNIQUE (company_id, call_id, shunya_job_id)
);

CREATE TABLE call_analyses (
    id                    uuid PRIMARY KEY,
    company_id            text NOT NULL REFERENCES companies (id),
    call_id               bigint NOT NULL REFERENCES calls (id),
    shunya_job_id         uuid NOT NULL REFERENCES shunya_jobs (id),
    fingerprint           text NOT NULL,
    lead_quality          text CHECK (lead_quality IN ('hot', 'warm', 'cold', 'qualified', 'unqualified')),
    booking_status        text CHECK (booking_status IN ('booked', 'not_booked', 'service_not_offered')),
    outcome_category      text,
    sentiment_score       double precision,
    sop_compliance_score  double precision,
    summary               text,
    record                jsonb NOT NULL,
    unknown_values        jsonb NOT NULL,
    payload               jsonb NOT NULL,
    analyzed_at           timestamptz NOT NULL,
    created_at            timestamptz NOT NULL,
    UNIQUE (company_id, call_id, shunya_job_id)
);
CREATE INDEX call_analyses_newest ON call_analyses (company_id, call_id, analyzed_at);

CREATE TABLE call_objections (
    id             uuid PRIMARY KEY,
    company_id     text NOT NULL REFERENCES companies (id),
    call_id        bigint NOT NULL REFERENCES calls (id),
    analysis_id    uuid NOT NULL REFERENCES call_analyses (id),
    position       integer NOT NULL,
    -- the wording evened out, for counting
    objection_key  text NOT NULL,
    text           text,
    category_id    bigint,
    category_text  text,
    severity       text,
    overcome       boolean,
    speaker_id     text,
    at_seconds     double precision,
    confidence     double precision,
    suggestions    jsonb NOT NULL,
    analyzed_at    timestamptz NOT NULL,
    UNIQUE (analysis_id, position)
);
CREATE INDEX call_objections_counted ON call_objections (company_id, analyzed_at, objection_key, call_id);
CREATE INDEX call_objections_call ON call_objections (company_id, call_id);

-- what happened, in the transaction in which it happened: the timeline, and what a client resumes from
CREATE TABLE events (
    id          uuid PRIMARY KEY,
    company_id  text NOT NULL REFERENCES companies (id),
    event       text NOT NULL,
    event_key   text NOT NULL,
    severity    text NOT NULL,
    lead_id     uuid,
    user_id     text,
    call_id     bigint,
    data        jsonb NOT NULL,
    trace       text,
    created_at  timestamptz NOT NULL,
    UNIQUE (company_id, event_key)
);
CREATE INDEX events_company ON events (company_id, id);
CREATE INDEX events_lead ON events (company_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX events_created ON events (created_at);
