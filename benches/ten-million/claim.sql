-- as in crates/store-sql/src/system/claims.rs
PREPARE claim (text, timestamptz, bigint, uuid, timestamptz, text, text) AS
WITH RECURSIVE oldest AS MATERIALIZED (
    SELECT id, fairness_key, priority, run_at FROM jobs
    WHERE queue = $1 AND state = 'ready' AND run_at <= $2
    ORDER BY run_at LIMIT $3 + 256
),
keys (fairness_key, place) AS (
    SELECT CASE WHEN (SELECT count(*) FROM oldest) >= $3 + 256
                THEN (SELECT min(fairness_key) FROM jobs WHERE queue = $1 AND state = 'ready' AND fairness_key >= $7) END, 1
    UNION ALL
    SELECT (SELECT min(j.fairness_key) FROM jobs j
            WHERE j.queue = $1 AND j.state = 'ready' AND j.fairness_key > k.fairness_key), k.place + 1
    FROM keys k WHERE k.fairness_key IS NOT NULL AND k.place < greatest(256, 4 * $3)
),
share AS (SELECT greatest(2, 2 * $3 / greatest(1, count(fairness_key)) + 1) AS most FROM keys),
due AS (
    SELECT id, fairness_key, priority, run_at FROM oldest
    UNION
    SELECT c.id, c.fairness_key, c.priority, c.run_at
    FROM keys k
    CROSS JOIN (VALUES (20::smallint), (10::smallint), (0::smallint)) AS p (priority)
    CROSS JOIN LATERAL (
        SELECT j.id, j.fairness_key, j.priority, j.run_at FROM jobs j
        WHERE j.queue = $1 AND j.state = 'ready' AND j.fairness_key = k.fairness_key
          AND j.priority = p.priority AND j.run_at <= $2
        ORDER BY j.run_at, j.id LIMIT (SELECT most FROM share)
    ) c
    WHERE k.fairness_key IS NOT NULL
),
busy AS (
    SELECT fairness_key, count(*) AS running FROM jobs WHERE queue = $1 AND state = 'running' GROUP BY fairness_key
),
turns AS (
    SELECT d.id, d.priority, d.run_at, coalesce(b.running, 0)
           + row_number() OVER (PARTITION BY d.fairness_key ORDER BY d.priority DESC, d.run_at, d.id) AS turn
    FROM due d LEFT JOIN busy b ON b.fairness_key = d.fairness_key
),
picked AS (
    SELECT j.id, t.turn FROM jobs j
    JOIN (SELECT id, turn, priority, run_at FROM turns ORDER BY turn, priority DESC, run_at, id LIMIT $3 * 4) t
      ON t.id = j.id
    -- looked at again under the lock: it may have been taken, done and put back for later since
    WHERE j.state = 'ready' AND j.run_at <= $2
    ORDER BY t.turn, t.priority DESC, t.run_at, j.id
    LIMIT $3
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = $4, lease_until = $5, worker = $6,
                started_at = $2
FROM picked WHERE jobs.id = picked.id
RETURNING jobs.id, jobs.company_id, jobs.kind, jobs.args, jobs.attempts, jobs.snoozes, jobs.trace,
          picked.turn, jobs.priority, jobs.run_at,
          (SELECT CASE WHEN count(fairness_key) >= greatest(256, 4 * $3) THEN max(fairness_key) END FROM keys) AS walked_to;
