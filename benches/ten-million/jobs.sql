-- A million finished jobs, twenty thousand that wait and two hundred that run, of five hundred tenants; then ten million
-- finished ones.
\ir setup.sql
\echo '== jobs'
CREATE PROCEDURE pg_temp.jobs(first bigint, last bigint, state text, tenants bigint) LANGUAGE sql AS $$
    INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, attempts, max_attempts,
                      dedupe_key, lease_token, lease_until, created_at, started_at, finished_at)
    SELECT pg_temp.v7(now() - interval '3 days' + i * interval '25 milliseconds', i), pg_temp.tenant(i, tenants),
           pg_temp.tenant(i, tenants), CASE i % 2 WHEN 0 THEN 'asr' ELSE 'shunya' END,
           CASE i % 2 WHEN 0 THEN 'recording.fetch' ELSE 'shunya.poll' END, jsonb_build_object('v', 1, 'call', i), 10, state,
           now() - interval '3 days' + i * interval '25 milliseconds', 1, 120, 'call:' || i,
           CASE state WHEN 'running' THEN gen_random_uuid() END, CASE state WHEN 'running' THEN now() + interval '1 minute' END,
           now() - interval '3 days', now() - interval '1 day',
           CASE state WHEN 'done' THEN now() - interval '3 days' + i * interval '25 milliseconds' END
    FROM generate_series(first, last) i
$$;
CALL pg_temp.jobs(1, 1000000, 'done', :tenants);
CALL pg_temp.jobs(1000001, 1020000, 'ready', :tenants);
CALL pg_temp.jobs(1020001, 1020200, 'running', :tenants);
UPDATE jobs SET run_at = now() - interval '1 minute' WHERE state = 'ready';
VACUUM (ANALYZE) jobs;
CALL pg_temp.sizes('jobs');
\ir jobs-measured.sql

\echo '== jobs, nine million more finished ones'
CALL pg_temp.fill('jobs', $$ CALL pg_temp.jobs($1 + 2000000, $2 + 2000000, 'done', $4) $$, 9000000, :tenants);
VACUUM (ANALYZE) jobs;
CALL pg_temp.sizes('jobs');
\ir jobs-measured.sql
