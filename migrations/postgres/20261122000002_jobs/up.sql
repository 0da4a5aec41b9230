CREATE TABLE jobs (
    id                uuid PRIMARY KEY,
    company_id        text REFERENCES companies (id),
    -- the tenant, or '' for work that is nobody's in particular: what claims are fair between
    fairness_key      text NOT NULL,
    queue             text NOT NULL,
    kind              text NOT NULL,
    args              jsonb NOT NULL,
    priority          smallint NOT NULL,
    state             text NOT NULL CHECK (state IN ('ready', 'running', 'done', 'dead', 'cancelled')),
    run_at            timestamptz NOT NULL,
    attempts          integer NOT NULL DEFAULT 0,
    max_attempts      integer NOT NULL,
    snoozes           integer NOT NULL DEFAULT 0,
    dedupe_key        text,
    lease_token       uuid,
    lease_until       timestamptz,
    worker            text,
    cancel_requested  boolean NOT NULL DEFAULT false,
    last_error        text,
    trace             text,
    created_at        timestamptz NOT NULL,
    started_at        timestamptz,
    finished_at       timestamptz
);
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
    schedule    text NOT NULL,
    begins_at   timestamptz NOT NULL,
    job_id      uuid NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (schedule, begins_at)
);
