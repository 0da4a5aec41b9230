\set ON_ERROR_STOP on
\pset pager off
\pset footer off
SELECT id AS middle FROM events WHERE company_id = 'org_0' ORDER BY id OFFSET :rows / 20 LIMIT 1 \gset
SELECT min(created_at) + interval '12 hours' AS cutoff FROM events \gset
-- as Otto asks: as the tenant's role, its company named
\echo '-- events.append: one more'
BEGIN; SET LOCAL ROLE otto_app; SET LOCAL otto.company_id = 'org_0';
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) INSERT INTO events (id, company_id, event, event_key, severity, call_id, data, created_at)
VALUES (gen_random_uuid(), 'org_0', 'call.completed', 'call.completed:call:-1', 'info', -1, '{}', now())
ON CONFLICT (company_id, event_key) DO NOTHING;
\echo '-- events.append: told before'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) INSERT INTO events (id, company_id, event, event_key, severity, call_id, data, created_at)
VALUES (gen_random_uuid(), 'org_0', 'call.completed', 'call.completed:call:500', 'info', 500, '{}', now())
ON CONFLICT (company_id, event_key) DO NOTHING;
\echo '-- resume in the middle of the largest tenant'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT * FROM events WHERE company_id = 'org_0' AND id > :'middle' ORDER BY id LIMIT 100;
ROLLBACK;
\echo '-- events.delete: the oldest chunk'
BEGIN; SET LOCAL ROLE otto_system;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) DELETE FROM events WHERE ctid = ANY (ARRAY
(SELECT ctid FROM events WHERE created_at < :'cutoff' ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED));
ROLLBACK;
