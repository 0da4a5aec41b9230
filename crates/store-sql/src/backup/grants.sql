-- What the roles may do, as the migrations have it. A dump's own grants name the people of the server it comes from.
GRANT USAGE ON SCHEMA public TO otto_app, otto_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO otto_app, otto_system;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO otto_app, otto_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO otto_app, otto_system;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO otto_app, otto_system;
REVOKE INSERT, UPDATE, DELETE ON __diesel_schema_migrations FROM otto_app, otto_system;
REVOKE ALL ON schedule_slots FROM otto_app;
