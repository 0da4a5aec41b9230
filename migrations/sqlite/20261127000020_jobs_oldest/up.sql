CREATE INDEX IF NOT EXISTS jobs_oldest ON jobs (queue, run_at, fairness_key, priority, id) WHERE state = 'ready';
