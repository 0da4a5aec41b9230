-- Two roles that own nothing and log in nowhere; the login Otto connects with becomes one of them on each connection.
-- Roles belong to the whole server, so another database, or an administrator, may have made them already.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['otto_app', 'otto_system'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', wanted);
                -- whoever makes a role may give it away, but since PostgreSQL 16 not become it
                EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL; -- made at this very moment by a migration of another database
            END;
        END IF;
        IF NOT pg_has_role(CURRENT_USER, wanted, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA public TO otto_app, otto_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO otto_app, otto_system;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO otto_app, otto_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO otto_app, otto_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO otto_app, otto_system;
-- what has been migrated is for everybody to read and for migrations to write; slots are nobody's tenant's
REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM otto_app, otto_system;
REVOKE ALL ON schedule_slots FROM otto_app;

-- A tenant's role sees the rows of the tenant its transaction names, and none where it names none. FORCE holds the owner
-- to it too.
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN
        SELECT table_name, CASE table_name WHEN 'companies' THEN 'id' ELSE 'company_id' END AS tenant
        FROM information_schema.columns
        WHERE table_schema = 'public' AND (column_name = 'company_id' OR (table_name = 'companies' AND column_name = 'id'))
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.table_name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.table_name);
        EXECUTE format(
            'CREATE POLICY tenant ON %I TO otto_app USING (%I = current_setting(''otto.company_id'', true)) '
            'WITH CHECK (%I = current_setting(''otto.company_id'', true))', one.table_name, one.tenant, one.tenant);
        EXECUTE format('CREATE POLICY across_tenants ON %I TO otto_system USING (true) WITH CHECK (true)', one.table_name);
    END LOOP;
END
$$;

-- Rows of these change state several times and are deleted in the end. The defaults would wait until a fifth of the table
-- is dead; by then every claim wades through it. Room in each page lets most changes stay where they are.
ALTER TABLE jobs SET (
    fillfactor = 80, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 500,
    autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
ALTER TABLE webhook_inbox SET (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500,
    autovacuum_vacuum_insert_scale_factor = 0.05);
ALTER TABLE calls SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
ALTER TABLE shunya_jobs SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE events SET (autovacuum_vacuum_insert_scale_factor = 0.05);
