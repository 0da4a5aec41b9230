CREATE TABLE jobs (
    id                BLOB PRIMARY KEY,
    company_id        TEXT REFERENCES companies (id),
    -- the tenant, or '' for work that is nobody's in particular: what claims are fair between
    fairness_key      TEXT NOT NULL,
    queue             TEXT NOT NULL,
    kind              TEXT NOT NULL,
    args              TEXT NOT NULL,
    priority          INTEGER NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead', 'cancelled')),
    run_at            INTEGER NOT NULL,
    attempts          INTEGER NOT NULL DEFAULT 0,
    max_attempts      INTEGER NOT NULL,
    snoozes           INTEGER NOT NULL DEFAULT 0,
    dedupe_key        TEXT,
    lease_token       BLOB,
    lease_until       INTEGER,
    worker            TEXT,
    cancel_requested  INTEGER NOT NULL DEFAULT 0,
    last_error        TEXT,
    trace             TEXT,
    created_at        INTEGER NOT NULL,
    started_at        INTEGER,
    finished_at       INTEGER
) STRICT;
-- what a claim walks: tenant by tenant, priority by priority, oldest first
CREATE INDEX jobs_ready ON jobs (queue, fairness_key, priority, run_at, id) WHERE state = 'ready';
-- when the next job is due
CREATE INDEX jobs_due ON jobs (queue, run_at) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (queue, fairness_key) WHERE state = 'running';
CREATE INDEX jobs_leases ON jobs (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_one_of_a_kind ON jobs (kind, fairness_key, dedupe_key) WHERE state IN ('ready', 'running');
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE state IN ('done', 'cancelled');
CREATE INDEX jobs_dead ON jobs (finished_at) WHERE state = 'dead';
CREATE INDEX jobs_company ON jobs (company_id, id);

CREATE TABLE schedule_slots (
    schedule    TEXT NOT NULL,
    begins_at   INTEGER NOT NULL,
    job_id      BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (schedule, begins_at)
) STRICT;
