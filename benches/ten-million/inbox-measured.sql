\set ON_ERROR_STOP on
\pset pager off
\pset footer off
SELECT min(received_at) + interval '12 hours' AS cutoff FROM webhook_inbox \gset
\echo '-- webhook_inbox.store: one more'
BEGIN; SET LOCAL ROLE otto_app; SET LOCAL otto.company_id = 'org_0';
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) INSERT INTO webhook_inbox (id, company_id, provider, kind, event_key, state, path, query, proof, body, received_at)
VALUES (gen_random_uuid(), 'org_0', 'callrail', 'call.completed', 'a key of its own', 'applied', '/callrail/call.completed', '', '[]', 'body', now())
ON CONFLICT (event_key) DO UPDATE SET duplicates = webhook_inbox.duplicates + 1 RETURNING id, received_at;
\echo '-- webhook_inbox.store: the same again'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) INSERT INTO webhook_inbox (id, company_id, provider, kind, event_key, state, path, query, proof, body, received_at)
VALUES (gen_random_uuid(), 'org_0', 'callrail', 'call.completed', encode(sha256('5000000'::bytea), 'hex'), 'applied', '/callrail/call.completed', '', '[]', 'body', now())
ON CONFLICT (event_key) DO UPDATE SET duplicates = webhook_inbox.duplicates + 1 RETURNING id, received_at;
ROLLBACK;
BEGIN; SET LOCAL ROLE otto_system;
\echo '-- webhook_inbox.waiting'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, body FROM webhook_inbox WHERE webhook_inbox.state <> 'applied'
AND state = 'waiting' AND received_at < now() AND id > '00000000-0000-0000-0000-000000000000' ORDER BY id LIMIT 100;
\echo '-- webhook_inbox.list: the newest of the largest tenant'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, state FROM webhook_inbox WHERE company_id = 'org_0' ORDER BY id DESC LIMIT 50;
\echo '-- webhook_inbox.list: a tenant that has not had any for long'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, state FROM webhook_inbox WHERE company_id = 'org_none' ORDER BY id DESC LIMIT 50;
\echo '-- webhook_inbox.list: in a state nothing is in'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id, state FROM webhook_inbox WHERE state = 'ignored' AND webhook_inbox.state <> 'applied' ORDER BY id DESC LIMIT 50;
\echo '-- webhook_inbox.delete_settled, what it finds and all of it: the oldest chunk'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT id FROM webhook_inbox WHERE received_at < :'cutoff' AND processed_at < :'cutoff' AND state IN ('applied', 'ignored')
ORDER BY received_at LIMIT 1000;
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) DELETE FROM webhook_inbox WHERE ctid = ANY (ARRAY (SELECT ctid FROM webhook_inbox WHERE received_at < :'cutoff' AND processed_at < :'cutoff' AND state IN ('applied', 'ignored')
ORDER BY received_at LIMIT 1000 FOR UPDATE SKIP LOCKED));
\echo '-- webhook_inbox.count_by_state: the console''s, of the largest tenant'
EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) SELECT provider, state, count(*) AS count, sum(duplicates) AS duplicates
FROM (SELECT provider, state, duplicates FROM webhook_inbox WHERE company_id = 'org_0'
ORDER BY company_id DESC, id DESC LIMIT 50000) newest GROUP BY provider, state ORDER BY provider, state;
ROLLBACK;
