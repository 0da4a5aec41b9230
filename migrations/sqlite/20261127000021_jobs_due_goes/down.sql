CREATE INDEX jobs_due ON jobs (queue, run_at) WHERE state = 'ready';
