-- What emptying the bodies of settled webhooks costs and gives back: two hundred thousand of them with the three thousand
-- bytes a webhook of CallRail's has.
\ir setup.sql
\echo '== bodies'
CREATE TEMP TABLE sample (LIKE webhook_inbox INCLUDING ALL) WITH (fillfactor = 90, autovacuum_enabled = off);
CREATE PROCEDURE pg_temp.add_sample(first bigint, last bigint) LANGUAGE sql AS $$
    INSERT INTO sample (id, company_id, provider, kind, event_key, state, path, query, proof, body, received_at, processed_at)
    SELECT pg_temp.v7(pg_temp.instant(i, 400000), i), 'org_0', 'callrail', 'call.completed', encode(sha256(i::text::bytea), 'hex'),
           'applied', '/callrail/call.completed', '', '[["signature", "bmFycm93"]]',
           -- about as compressible as JSON with ids and addresses in it
           convert_to((SELECT string_agg(md5((i * 100 + n)::text) || repeat('customer_field', 4), ',') FROM generate_series(1, 33) n), 'UTF8'),
           pg_temp.instant(i, 400000), pg_temp.instant(i, 400000)
    FROM generate_series(first, last) i
$$;
CREATE PROCEDURE pg_temp.empty_sample(chunks int) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    wal pg_lsn := pg_current_wal_lsn();
    after timestamptz := '-infinity';
BEGIN
    FOR chunk IN 1 .. chunks LOOP
        WITH old AS (SELECT id, received_at FROM sample WHERE received_at > after ORDER BY received_at LIMIT 1000),
        emptied AS (UPDATE sample SET body = '', proof = '[]' WHERE id IN (SELECT id FROM old))
        SELECT max(received_at) INTO after FROM old;
        COMMIT;
    END LOOP;
    RAISE WARNING 'emptied %000 in % s, % MB of WAL', chunks, round(extract(epoch FROM clock_timestamp() - began)::numeric, 1),
        (pg_current_wal_lsn() - wal) / 1048576;
END $$;
CREATE PROCEDURE pg_temp.sample_size(what text) LANGUAGE plpgsql AS $$
BEGIN
    RAISE WARNING '%: heap % MB, TOAST % MB, indexes % MB', what, pg_relation_size('sample') / 1048576,
        (SELECT pg_total_relation_size(reltoastrelid) / 1048576 FROM pg_class WHERE oid = 'sample'::regclass),
        pg_indexes_size('sample') / 1048576;
END $$;
CALL pg_temp.add_sample(1, 200000);
CALL pg_temp.sample_size('200,000 with bodies');
VACUUM ANALYZE sample;
CALL pg_temp.empty_sample(200);
SELECT n_tup_upd AS updated, n_tup_hot_upd AS of_these_in_place FROM pg_stat_all_tables WHERE relid = 'sample'::regclass;
VACUUM sample;
CALL pg_temp.sample_size('emptied');
CALL pg_temp.add_sample(200001, 400000);
CALL pg_temp.sample_size('and 200,000 more');
