\ir setup.sql
\echo '== webhook_inbox'
CALL pg_temp.fill('webhook_inbox', $$
    INSERT INTO webhook_inbox (id, company_id, provider, kind, event_key, state, path, query, proof, body, call_id,
                               received_at, processed_at)
    SELECT pg_temp.v7(pg_temp.instant(i, $3), i), pg_temp.tenant(i, $4), 'callrail', 'call.completed',
           encode(sha256(i::text::bytea), 'hex'),
           CASE WHEN i % 100000 = 7 THEN 'quarantined' WHEN i % 100000 = 8 THEN 'waiting' ELSE 'applied' END,
           '/callrail/call.completed', '', '[["signature", "bmFycm93"]]', convert_to(repeat('narrow ', 30), 'UTF8'), i,
           pg_temp.instant(i, $3), pg_temp.instant(i, $3)
    FROM generate_series($1, $2) i
$$, :rows, :tenants);
VACUUM (ANALYZE) webhook_inbox;
CALL pg_temp.sizes('webhook_inbox');
