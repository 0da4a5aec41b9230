//! What PostgreSQL's own catalogue says of every table, so that the one added next year cannot be forgotten.

use testkit::Database;

/// Tables that are nobody's in particular.
const NOBODYS: &str = "('schedule_slots', '__diesel_schema_migrations')";

/// One line for each thing that is missing or wrong, each beginning with the table's name.
async fn faults(db: &Database) -> Vec<String> {
    let text = format!(
        "WITH tables AS (
            SELECT c.oid, c.relname::text AS name, c.relrowsecurity, c.relforcerowsecurity,
                   CASE c.relname WHEN 'companies' THEN 'id' ELSE 'company_id' END AS tenant
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname NOT IN {NOBODYS}
        ),
        columns AS (
            SELECT t.*, a.attnum FROM tables t
            LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = t.tenant AND NOT a.attisdropped
        ),
        -- what each policy lets its role see and write
        policies AS (
            SELECT polrelid, polname, polpermissive AND polcmd = '*' AS whole,
                   ARRAY(SELECT rolname::text FROM pg_roles WHERE oid = ANY (polroles)) AS roles,
                   pg_get_expr(polqual, polrelid) AS sees, pg_get_expr(polwithcheck, polrelid) AS writes
            FROM pg_policy
        )
        SELECT fault FROM (
        SELECT name || ' has no company_id' AS fault FROM columns WHERE attnum IS NULL
        UNION ALL
        SELECT name || ' has row security off' FROM columns WHERE NOT relrowsecurity
        UNION ALL
        SELECT name || ' does not force row security on its owner' FROM columns WHERE NOT relforcerowsecurity
        UNION ALL
        SELECT name || ' lets otto_app see or write more or less than one tenant' FROM columns t WHERE NOT EXISTS (
            SELECT FROM policies p WHERE p.polrelid = t.oid AND p.whole AND p.roles = '{{otto_app}}'
              AND p.sees = format('(%s = current_setting(''otto.company_id''::text, true))', t.tenant)
              AND p.writes = p.sees)
        UNION ALL
        SELECT name || ' does not let otto_system see and write everything' FROM columns t WHERE NOT EXISTS (
            SELECT FROM policies p WHERE p.polrelid = t.oid AND p.whole AND p.roles = '{{otto_system}}'
              AND p.sees = 'true' AND p.writes = 'true')
        UNION ALL
        SELECT t.name || ' has policies besides, such as ' || min(p.polname)
        FROM columns t JOIN policies p ON p.polrelid = t.oid GROUP BY t.name HAVING count(*) > 2
        UNION ALL
        SELECT name || ' does not refer to companies' FROM columns t
        WHERE attnum IS NOT NULL AND name <> 'companies' AND NOT EXISTS (
            SELECT FROM pg_constraint c WHERE c.conrelid = t.oid AND c.contype = 'f' AND c.convalidated
              AND c.confrelid = 'companies'::regclass AND c.conkey = ARRAY[t.attnum])
        UNION ALL
        SELECT name || ' has no whole index that begins with its tenant' FROM columns t
        WHERE attnum IS NOT NULL AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisvalid AND i.indpred IS NULL
              AND i.indkey[0] = t.attnum)
        UNION ALL
        SELECT c.relname || ' has an index that was never finished: ' || x.relname
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'public'::regnamespace AND NOT i.indisvalid
        UNION ALL
        SELECT c.relname || ' is a view that sees with its owner''s eyes' FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm' OR c.relkind = 'v'
              AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false))
        UNION ALL
        SELECT p.proname || ' is a function that runs with its owner''s rights' FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
        ) AS faults ORDER BY fault COLLATE \"C\""
    );
    db.texts(&text).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_kept_to_its_tenant() {
    let db = testkit::postgres().await;
    assert_eq!(faults(&db).await, Vec::<String>::new());
    let kept = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity";
    assert!(db.number(kept).await > 18, "the tables were not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_wrong_with_a_table_is_named() {
    let db = testkit::postgres().await;
    let good = "company_id text NOT NULL REFERENCES companies (id), UNIQUE (company_id, id)";
    let policies = |table: &str| {
        format!(
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY; \
             CREATE POLICY tenant ON {table} TO otto_app USING (company_id = current_setting('otto.company_id', true)) \
             WITH CHECK (company_id = current_setting('otto.company_id', true)); \
             CREATE POLICY across_tenants ON {table} TO otto_system USING (true) WITH CHECK (true);"
        )
    };
    let all_there = policies("good");
    let (no_force, lax, extra, apart, late) =
        (policies("no_force"), policies("lax"), policies("extra"), policies("apart"), policies("late"));
    let (read_only, unfinished) = (policies("read_only"), policies("unfinished"));
    db.run(&format!(
        "CREATE TABLE good (id uuid PRIMARY KEY, {good}); {all_there}
         CREATE TABLE bare (id uuid PRIMARY KEY, company_id text);
         CREATE TABLE strangers (id uuid PRIMARY KEY);
         CREATE TABLE no_force (id uuid PRIMARY KEY, {good}); {no_force}
         ALTER TABLE no_force NO FORCE ROW LEVEL SECURITY;
         CREATE TABLE lax (id uuid PRIMARY KEY, {good}); {lax}
         ALTER POLICY tenant ON lax WITH CHECK (true);
         CREATE TABLE extra (id uuid PRIMARY KEY, {good}); {extra}
         CREATE POLICY also ON extra TO otto_app USING (true);
         CREATE TABLE read_only (id uuid PRIMARY KEY, {good}); {read_only}
         DROP POLICY across_tenants ON read_only;
         CREATE POLICY across_tenants ON read_only FOR SELECT TO otto_system USING (true);
         CREATE TABLE apart (id uuid PRIMARY KEY, company_id text NOT NULL, UNIQUE (company_id, id)); {apart}
         CREATE TABLE late (id uuid PRIMARY KEY, company_id text NOT NULL REFERENCES companies (id)); {late}
         CREATE INDEX late_some ON late (company_id) WHERE id IS NOT NULL;
         CREATE TABLE unfinished (id uuid PRIMARY KEY, {good}); {unfinished}
         CREATE INDEX unfinished_one ON unfinished (company_id, id);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'unfinished_one'::regclass;
         CREATE VIEW peephole AS SELECT * FROM calls;
         CREATE VIEW window_pane WITH (security_invoker = true) AS SELECT * FROM calls;
         CREATE FUNCTION borrowed() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM calls';"
    ))
    .await;
    let found = faults(&db).await;
    assert_eq!(
        found,
        [
            "apart does not refer to companies",
            "bare does not force row security on its owner",
            "bare does not let otto_system see and write everything",
            "bare does not refer to companies",
            "bare has no whole index that begins with its tenant",
            "bare has row security off",
            "bare lets otto_app see or write more or less than one tenant",
            "borrowed is a function that runs with its owner's rights",
            "extra has policies besides, such as across_tenants",
            "late has no whole index that begins with its tenant",
            "lax lets otto_app see or write more or less than one tenant",
            "no_force does not force row security on its owner",
            "peephole is a view that sees with its owner's eyes",
            "read_only does not let otto_system see and write everything",
            "strangers does not force row security on its owner",
            "strangers does not let otto_system see and write everything",
            "strangers has no company_id",
            "strangers has row security off",
            "strangers lets otto_app see or write more or less than one tenant",
            "unfinished has an index that was never finished: unfinished_one",
        ]
    );
}
