\ir setup.sql
\echo '== events'
CALL pg_temp.fill('events', $$
    INSERT INTO events (id, company_id, event, event_key, severity, lead_id, call_id, data, created_at)
    SELECT pg_temp.v7(pg_temp.instant(i, $3), i), pg_temp.tenant(i, $4), 'call.completed', 'call.completed:call:' || i,
           'info', CASE WHEN i % 3 = 0 THEN pg_temp.v7(pg_temp.instant(i, $3), -i) END, i,
           jsonb_build_object('call_id', i, 'duration', i % 600, 'recording_url', NULL), pg_temp.instant(i, $3)
    FROM generate_series($1, $2) i
$$, :rows, :tenants);
VACUUM (ANALYZE) events;
CALL pg_temp.sizes('events');
