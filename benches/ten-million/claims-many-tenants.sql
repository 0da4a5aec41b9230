-- Fifty thousand jobs of five thousand tenants in one queue.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
INSERT INTO companies (id, name, tenant_key, created_at, updated_at)
SELECT 'many_' || i, 'Many ' || i, 'bench-many-key-' || i, now(), now() FROM generate_series(1, 5000) i ON CONFLICT DO NOTHING;
INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, dedupe_key, created_at)
SELECT gen_random_uuid(), 'many_' || i % 5000 + 1, 'many_' || i % 5000 + 1, 'indexing', 'many', '{}', 10, 'ready',
       now() - interval '1 hour' + i * interval '1 millisecond', 5, 'many:' || i, now() FROM generate_series(1, 50000) i;
VACUUM ANALYZE jobs;
\ir claim.sql
CREATE PROCEDURE pg_temp.claims(queue text, size int) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    took float8[] := '{}';
BEGIN
    FOR round IN 1 .. 15 LOOP
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
CALL pg_temp.claims('indexing', 8);
CALL pg_temp.claims('indexing', 64);
BEGIN;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) EXECUTE claim ('indexing', now(), 64, gen_random_uuid(), now() + interval '1 minute', 'bench', '');
ROLLBACK;
DELETE FROM jobs WHERE queue = 'indexing';
