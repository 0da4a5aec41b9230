-- The roles stay: they belong to the server, and other databases may use them.
ALTER TABLE jobs RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_analyze_scale_factor,
    autovacuum_vacuum_cost_delay);
ALTER TABLE webhook_inbox RESET (
    fillfactor, autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold, autovacuum_vacuum_insert_scale_factor);
ALTER TABLE calls RESET (fillfactor, autovacuum_vacuum_scale_factor, autovacuum_analyze_scale_factor);
ALTER TABLE shunya_jobs RESET (fillfactor, autovacuum_vacuum_scale_factor);
ALTER TABLE events RESET (autovacuum_vacuum_insert_scale_factor);

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP POLICY %I ON %I', one.policyname, one.tablename);
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', one.tablename);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', one.tablename);
    END LOOP;
END
$$;

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM otto_app, otto_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON SEQUENCES FROM otto_app, otto_system;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM otto_app, otto_system;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM otto_app, otto_system;
REVOKE USAGE ON SCHEMA public FROM otto_app, otto_system;
