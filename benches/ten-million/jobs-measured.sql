\set ON_ERROR_STOP on
\pset pager off
\pset footer off
\ir claim.sql
BEGIN; SET LOCAL ROLE otto_system;
\echo '-- jobs.claim: sixty-four, planned for these values'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE claim ('asr', now(), 64, gen_random_uuid(), now() + interval '1 minute', 'bench', '');
\echo '-- jobs.claim: again, planned once for all values'
SET LOCAL plan_cache_mode = force_generic_plan;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE claim ('asr', now(), 64, gen_random_uuid(), now() + interval '1 minute', 'bench', '');
\echo '-- jobs.claim: of a queue that has none due'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) EXECUTE claim ('uwc', now(), 64, gen_random_uuid(), now() + interval '1 minute', 'bench', '');
RESET plan_cache_mode;
\echo '-- jobs.next_due'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT run_at FROM jobs WHERE jobs.state = 'ready' AND queue = 'asr' ORDER BY run_at LIMIT 1;
\echo '-- jobs.rescue'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'ready' END,
finished_at = CASE WHEN cancel_requested THEN now() END, cancel_requested = false, lease_token = NULL, lease_until = NULL,
last_error = 'its worker vanished' WHERE ctid = ANY (ARRAY (SELECT ctid FROM jobs WHERE state = 'running' AND lease_until < now() FOR UPDATE SKIP LOCKED));
\echo '-- jobs.depths'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT queue, 'dead' AS state, count(*) AS count, min(run_at) AS oldest FROM jobs WHERE state = 'dead' GROUP BY queue
UNION ALL SELECT queue, 'ready', count(*), min(run_at) FROM jobs WHERE state = 'ready' GROUP BY queue
UNION ALL SELECT queue, 'running', count(*), min(started_at) FROM jobs WHERE state = 'running' GROUP BY queue ORDER BY queue, state;
\echo '-- jobs.delete_finished: the oldest chunk'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) DELETE FROM jobs WHERE ctid = ANY (ARRAY
(SELECT ctid FROM jobs WHERE state IN ('done', 'cancelled') AND finished_at < now() - interval '70 hours' ORDER BY finished_at LIMIT 1000
FOR UPDATE SKIP LOCKED));
ROLLBACK;
BEGIN; SET LOCAL ROLE otto_app; SET LOCAL otto.company_id = 'org_0';
\echo '-- jobs.enqueue'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, dedupe_key, created_at)
VALUES (gen_random_uuid(), 'org_0', 'org_0', 'asr', 'recording.fetch', '{}', 10, 'ready', now(), 120, 'call:-1', now()) ON CONFLICT DO NOTHING;
\echo '-- jobs.count_by_queue: the console''s, of the largest tenant'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT queue, state, count(*) AS count, min(CASE WHEN state = 'running' THEN started_at ELSE run_at END) AS oldest,
sum(CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END) AS retries FROM (SELECT queue, state, started_at, run_at, attempts FROM jobs
WHERE company_id = 'org_0' ORDER BY company_id DESC, id DESC LIMIT 50000) newest GROUP BY queue, state ORDER BY queue, state;
ROLLBACK;
\echo '-- jobs.finish'
SELECT id AS running, lease_token AS token FROM jobs WHERE state = 'running' LIMIT 1 \gset
BEGIN; SET LOCAL ROLE otto_system;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) UPDATE jobs SET state = 'done', finished_at = now(), lease_token = NULL, lease_until = NULL, last_error = NULL
WHERE id = :'running' AND lease_token = :'token' AND state = 'running';
ROLLBACK;
\echo '-- jobs.claim: thirty times, each undone'
SET client_min_messages = warning;
CREATE PROCEDURE pg_temp.claims(queue text, size int) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    took float8[] := '{}';
BEGIN
    SET LOCAL ROLE otto_system;
    FOR round IN 1 .. 30 LOOP
        BEGIN
            began := clock_timestamp();
            EXECUTE format('EXECUTE claim (%L, now(), %s, gen_random_uuid(), now() + interval ''1 minute'', ''bench'', '''')', queue, size);
            took := took || extract(epoch FROM clock_timestamp() - began) * 1000;
            RAISE EXCEPTION 'undone';
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
    RAISE WARNING 'claim of % from %: fastest % ms, median % ms', size, queue,
        (SELECT round(min(t)::numeric, 1) FROM unnest(took) t),
        (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t)::numeric, 1) FROM unnest(took) t);
END $$;
CALL pg_temp.claims('asr', 8);
CALL pg_temp.claims('asr', 64);
CALL pg_temp.claims('uwc', 64);
DROP PROCEDURE pg_temp.claims;
DEALLOCATE claim;
