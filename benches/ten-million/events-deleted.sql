-- a third of a million rows, a day's worth, a thousand at a time as `maintenance.delete_expired` does; nobody vacuums
-- meanwhile, so that each chunk wades through the dead entries of those before it
\set ON_ERROR_STOP on
SET client_min_messages = warning;
ALTER TABLE events SET (autovacuum_enabled = off);
CREATE PROCEDURE pg_temp.delete_events(chunks int) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    took float8[] := '{}';
    wal pg_lsn := pg_current_wal_lsn();
BEGIN
    FOR chunk IN 1 .. chunks LOOP
        began := clock_timestamp();
        DELETE FROM events WHERE ctid = ANY (ARRAY
        (SELECT ctid FROM events WHERE created_at < now() ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED));
        COMMIT;
        took := took || extract(epoch FROM clock_timestamp() - began) * 1000;
    END LOOP;
    RAISE WARNING '% chunks of 1000: median of the first ten % ms, of the last ten % ms; % s in all; % MB of WAL', chunks,
        (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t)::numeric, 1) FROM unnest(took[1:10]) t),
        (SELECT round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t)::numeric, 1) FROM unnest(took[chunks - 9:chunks]) t),
        (SELECT round(sum(t)::numeric / 1000, 1) FROM unnest(took) t), (pg_current_wal_lsn() - wal) / 1048576;
END $$;
CALL pg_temp.delete_events(333);
\timing on
VACUUM events;
\timing off
CALL pg_temp.delete_events(10);
ALTER TABLE events RESET (autovacuum_enabled);
