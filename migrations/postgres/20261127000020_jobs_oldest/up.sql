-- The oldest due jobs are read from the index alone. With the time alone in it, a planner that sees a long backlog reads all
-- of another index instead, and sorts it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS jobs_oldest ON jobs (queue, run_at, fairness_key, priority, id) WHERE state = 'ready';
