-- Ten million rows of each table that grows, one table after the other, and what the statements that must stay fast cost
-- then. See README.md. Run as a superuser on an empty, migrated database that nobody else uses.
\set ON_ERROR_STOP on
\timing off
\pset pager off
SET client_min_messages = warning;
SET synchronous_commit = off;

\if :{?rows} \else \set rows 10000000 \endif
\if :{?tenants} \else \set tenants 500 \endif

-- as our own ids are made: by time, then at random
CREATE FUNCTION pg_temp.v7(at timestamptz, salt bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(salt::text), 1, 3)
            || 'a' || substr(md5(salt::text), 4, 15))::uuid
$$;
-- one tenant in ten rows is the largest, org_0; the rest are shared out
CREATE FUNCTION pg_temp.tenant(i bigint, tenants bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'org_' || CASE WHEN i % 10 = 0 THEN 0 ELSE i % tenants END
$$;
-- spread over the ninety days before now
CREATE FUNCTION pg_temp.instant(i bigint, rows bigint) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT date_trunc('day', now()) - interval '90 days' + i * (interval '90 days' / rows)
$$;

INSERT INTO companies (id, name, tenant_key, created_at, updated_at)
SELECT 'org_' || i, 'Company ' || i, 'bench-tenant-key-' || i, now(), now() FROM generate_series(0, :tenants) i
ON CONFLICT DO NOTHING;

-- fills a table a million rows at a time, each committed
CREATE PROCEDURE pg_temp.fill(into_table text, insert_text text, rows bigint, tenants bigint) LANGUAGE plpgsql AS $$
DECLARE
    step bigint := least(rows, 1000000);
    began timestamptz := clock_timestamp();
BEGIN
    FOR one IN 0 .. (rows - 1) / step LOOP
        EXECUTE insert_text USING one * step, least((one + 1) * step, rows) - 1, rows, tenants;
        COMMIT;
    END LOOP;
    RAISE WARNING '%: % rows in % s', into_table, rows, round(extract(epoch FROM clock_timestamp() - began));
END $$;
CREATE PROCEDURE pg_temp.sizes(of_table text) LANGUAGE plpgsql AS $$
DECLARE
    line record;
BEGIN
    RAISE WARNING '% heap % MB, all % MB', of_table, pg_relation_size(of_table::regclass) / 1048576,
        pg_total_relation_size(of_table::regclass) / 1048576;
    FOR line IN SELECT indexrelid::regclass::text AS name, pg_relation_size(indexrelid) / 1048576 AS mb
                FROM pg_index WHERE indrelid = of_table::regclass ORDER BY 1 LOOP
        RAISE WARNING '  % % MB', line.name, line.mb;
    END LOOP;
END $$;
