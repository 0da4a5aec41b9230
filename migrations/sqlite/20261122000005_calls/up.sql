-- Shunya knows everything it analyses by one integer: calls take theirs from here, and visits and text threads will too
CREATE TABLE subject_numbers (id INTEGER PRIMARY KEY AUTOINCREMENT) STRICT;

CREATE TABLE calls (
    id                  INTEGER PRIMARY KEY,
    company_id          TEXT NOT NULL REFERENCES companies (id),
    provider            TEXT NOT NULL CHECK (provider IN ('callrail', 'twilio')),
    provider_call_id    TEXT NOT NULL,
    provider_legacy_id  TEXT,
    direction           TEXT CHECK (direction IN ('inbound', 'outbound')),
    call_type           TEXT CHECK (call_type IN ('csr_call', 'sales_call')),
    status              TEXT NOT NULL CHECK (status IN ('incoming', 'answered', 'missed', 'completed')),
    stage               TEXT NOT NULL CHECK (stage IN ('ringing', 'in_progress', 'missed', 'awaiting_recording', 'no_recording',
                            'fetching_recording', 'recorded', 'analysing', 'analysed', 'failed')),
    missed              INTEGER NOT NULL,
    phone_number        TEXT,
    tracking_number     TEXT,
    customer_name       TEXT,
    owner_id            TEXT,
    assigned_rep_id     TEXT,
    contact_card_id     BLOB REFERENCES contact_cards (id),
    lead_id             BLOB REFERENCES leads (id),
    duration_seconds    INTEGER,
    facts               TEXT NOT NULL,
    problems            TEXT NOT NULL,
    -- of the newest analysis, so that lists and dashboards read one table
    lead_quality        TEXT,
    booking_status      TEXT CHECK (booking_status IN ('booked', 'not_booked', 'service_not_offered')),
    analyzed_at         INTEGER,
    -- when it began; when it was first heard of, if nobody said
    created_at          INTEGER NOT NULL,
    received_at         INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (company_id, provider, provider_call_id)
) STRICT;
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
    call_id            INTEGER PRIMARY KEY REFERENCES calls (id),
    company_id         TEXT NOT NULL REFERENCES companies (id),
    cancelled          INTEGER NOT NULL DEFAULT 0,
    bought             INTEGER NOT NULL DEFAULT 0,
    still_deciding     INTEGER NOT NULL DEFAULT 0,
    loss_reason        TEXT,
    sold_price_cents   INTEGER,
    has_discrepancies  INTEGER NOT NULL DEFAULT 0,
    updated_at         INTEGER NOT NULL
) STRICT;
CREATE INDEX call_outcomes_company ON call_outcomes (company_id, call_id);

CREATE TABLE recordings (
    id                     BLOB PRIMARY KEY,
    company_id             TEXT NOT NULL REFERENCES companies (id),
    call_id                INTEGER NOT NULL REFERENCES calls (id),
    provider               TEXT NOT NULL,
    provider_recording_id  TEXT,
    state                  TEXT NOT NULL CHECK (state IN ('pending', 'stored', 'failed', 'absent')),
    blob_key               TEXT,
    content_type           TEXT,
    size_bytes             INTEGER,
    sha256                 TEXT,
    duration_seconds       INTEGER,
    error                  TEXT,
    created_at             INTEGER NOT NULL,
    updated_at             INTEGER NOT NULL,
    UNIQUE (company_id, call_id)
) STRICT;

CREATE TABLE shunya_jobs (
    id                  BLOB PRIMARY KEY,
    company_id          TEXT NOT NULL REFERENCES companies (id),
    call_id             INTEGER NOT NULL REFERENCES calls (id),
    job_type            TEXT NOT NULL,
    input_hash          TEXT NOT NULL,
    state               TEXT NOT NULL CHECK (state IN ('pending', 'running', 'succeeded', 'failed', 'timeout')),
    vendor_task_id      TEXT,
    submissions         INTEGER NOT NULL DEFAULT 0,
    submitted_at        INTEGER,
    settled_at          INTEGER,
    result_fingerprint  TEXT,
    result_via          TEXT,
    error_code          TEXT,
    error_message       TEXT,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    UNIQUE (company_id, call_id, job_type, input_hash)
) STRICT;
CREATE UNIQUE INDEX shunya_jobs_vendor ON shunya_jobs (company_id, vendor_task_id) WHERE vendor_task_id IS NOT NULL;
CREATE INDEX shunya_jobs_vendor_task ON shunya_jobs (vendor_task_id) WHERE vendor_task_id IS NOT NULL;
CREATE INDEX shunya_jobs_open ON shunya_jobs (updated_at) WHERE state IN ('pending', 'running');

CREATE TABLE call_transcripts (
    id             BLOB PRIMARY KEY,
    company_id     TEXT NOT NULL REFERENCES companies (id),
    call_id        INTEGER NOT NULL REFERENCES calls (id),
    shunya_job_id  BLOB NOT NULL REFERENCES shunya_jobs (id),
    text           TEXT NOT NULL,
    segments       TEXT NOT NULL,
    language       TEXT,
    confidence     REAL,
    word_count     INTEGER,
    vendor_id      TEXT,
    created_at     INTEGER NOT NULL,
    UNIQUE (company_id, call_id, shunya_job_id)
) STRICT;

CREATE TABLE call_analyses (
    id                    BLOB PRIMARY KEY,
    company_id            TEXT NOT NULL REFERENCES companies (id),
    call_id               INTEGER NOT NULL REFERENCES calls (id),
    shunya_job_id         BLOB NOT NULL REFERENCES shunya_jobs (id),
    fingerprint           TEXT NOT NULL,
    lead_quality          TEXT CHECK (lead_quality IN ('hot', 'warm', 'cold', 'qualified', 'unqualified')),
    booking_status        TEXT CHECK (booking_status IN ('booked', 'not_booked', 'service_not_offered')),
    outcome_category      TEXT,
    sentiment_score       REAL,
    sop_compliance_score  REAL,
    summary               TEXT,
    record                TEXT NOT NULL,
    unknown_values        TEXT NOT NULL,
    payload               TEXT NOT NULL,
    analyzed_at           INTEGER NOT NULL,
    created_at            INTEGER NOT NULL,
    UNIQUE (company_id, call_id, shunya_job_id)
) STRICT;
CREATE INDEX call_analyses_newest ON call_analyses (company_id, call_id, analyzed_at);

CREATE TABLE call_objections (
    id             BLOB PRIMARY KEY,
    company_id     TEXT NOT NULL REFERENCES companies (id),
    call_id        INTEGER NOT NULL REFERENCES calls (id),
    analysis_id    BLOB NOT NULL REFERENCES call_analyses (id),
    position       INTEGER NOT NULL,
    -- the wording evened out, for counting
    objection_key  TEXT NOT NULL,
    text           TEXT,
    category_id    INTEGER,
    category_text  TEXT,
    severity       TEXT,
    overcome       INTEGER,
    speaker_id     TEXT,
    at_seconds     REAL,
    confidence     REAL,
    suggestions    TEXT NOT NULL,
    analyzed_at    INTEGER NOT NULL,
    UNIQUE (analysis_id, position)
) STRICT;
CREATE INDEX call_objections_counted ON call_objections (company_id, analyzed_at, objection_key, call_id);
CREATE INDEX call_objections_call ON call_objections (company_id, call_id);

-- what happened, in the transaction in which it happened: the timeline, and what a client resumes from
CREATE TABLE events (
    id          BLOB PRIMARY KEY,
    company_id  TEXT NOT NULL REFERENCES companies (id),
    event       TEXT NOT NULL,
    event_key   TEXT NOT NULL,
    severity    TEXT NOT NULL,
    lead_id     BLOB,
    user_id     TEXT,
    call_id     INTEGER,
    data        TEXT NOT NULL,
    trace       TEXT,
    created_at  INTEGER NOT NULL,
    UNIQUE (company_id, event_key)
) STRICT;
CREATE INDEX events_company ON events (company_id, id);
CREATE INDEX events_lead ON events (company_id, lead_id, id) WHERE lead_id IS NOT NULL;
CREATE INDEX events_created ON events (created_at);
