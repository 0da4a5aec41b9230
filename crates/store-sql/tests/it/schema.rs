//! The two databases have one schema, `schema/` says the same, and it can be undone and made again.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use store_sql::{migrate, revert_all};
use testkit::Database;

/// What the crate says of the tables.
const SCHEMA: &str = concat!(
    include_str!("../../src/schema/telephony.rs"),
    include_str!("../../src/schema/crm.rs"),
    include_str!("../../src/schema/tenancy.rs"),
    include_str!("../../src/schema/work.rs"),
);

/// Tables that are no part of the comparison: the record of migrations, and what is a sequence on PostgreSQL.
const APART: [&str; 2] = ["__diesel_schema_migrations", "subject_numbers"];

/// Facts about a database's tables, each in one line.
pub(crate) type Facts = BTreeSet<String>;

async fn facts(db: &Database, postgres: &str, sqlite: &str) -> Facts {
    let lines = db.texts(if db.is_postgres() { postgres } else { sqlite }).await;
    let is_ours = |line: &String| !APART.iter().any(|table| line.starts_with(&format!("{table}.")));
    lines.into_iter().filter(is_ours).collect()
}

/// SQLite's own tables are left out.
macro_rules! of_every_table {
    ($select:literal, $pragma:literal) => {
        concat!(
            "SELECT m.name || '.' || ",
            $select,
            " FROM sqlite_master m JOIN ",
            $pragma,
            "(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
    };
}

/// `table.column null` or `table.column not null`.
async fn columns(db: &Database) -> Facts {
    facts(
        db,
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'YES' THEN ' null' ELSE ' not null' END \
         FROM information_schema.columns WHERE table_schema = 'public'",
        of_every_table!(
            "p.name || CASE WHEN p.\"notnull\" = 1 OR p.pk > 0 THEN ' not null' ELSE ' null' END",
            "pragma_table_info"
        ),
    )
    .await
}

/// `table.column type`.
async fn types(db: &Database) -> Facts {
    facts(
        db,
        "SELECT table_name || '.' || column_name || ' ' || data_type \
         FROM information_schema.columns WHERE table_schema = 'public'",
        of_every_table!("p.name || ' ' || p.type", "pragma_table_info"),
    )
    .await
}

/// `table.primary (columns)`, `table.unique (columns)` for constraints, whose names each database makes up, and
/// `table.name (columns)`, with what sort of index it is, for indexes, which we name.
async fn keys(db: &Database) -> Facts {
    let mut keys = facts(
        db,
        "SELECT t.relname || '.' || CASE WHEN i.indisprimary THEN 'primary' WHEN c.oid IS NOT NULL THEN 'unique' \
             ELSE x.relname END \
         || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.place) \
                     FROM unnest(i.indkey::int2[]) WITH ORDINALITY k (number, place) \
                     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) || ')' \
         || CASE WHEN i.indisunique AND c.oid IS NULL THEN ' unique' ELSE '' END \
         || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END \
         FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid \
         JOIN pg_namespace n ON n.oid = t.relnamespace \
         LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u') \
         WHERE n.nspname = 'public'",
        of_every_table!(
            "CASE p.origin WHEN 'c' THEN p.name ELSE 'unique' END \
             || ' (' || (SELECT group_concat(name, ', ') FROM (SELECT name FROM pragma_index_info(p.name) ORDER BY seqno)) \
             || ')' || CASE WHEN p.\"unique\" = 1 AND p.origin = 'c' THEN ' unique' ELSE '' END \
             || CASE WHEN p.partial = 1 THEN ' partial' ELSE '' END || CASE p.origin WHEN 'pk' THEN ' primary' ELSE '' END",
            "pragma_index_list"
        ),
    )
    .await;
    if !db.is_postgres() {
        // not every primary key of SQLite is an index
        keys.retain(|key| !key.ends_with(" primary"));
        let primary = "SELECT m.name || '.primary (' || (SELECT group_concat(name, ', ') FROM \
             (SELECT name FROM pragma_table_info(m.name) WHERE pk > 0 ORDER BY pk)) || ')' \
             FROM sqlite_master m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'";
        keys.extend(facts(db, primary, primary).await);
    }
    keys
}

/// `table.column -> table.column`, and what happens when the other row goes.
async fn references(db: &Database) -> Facts {
    facts(
        db,
        "SELECT t.relname || '.' || a.attname || ' -> ' || r.relname || '.' || b.attname || ' ' || \
             CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' ELSE c.confdeltype::text END \
         FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid \
         CROSS JOIN LATERAL unnest(c.conkey, c.confkey) AS k (mine, theirs) \
         JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.mine \
         JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = k.theirs WHERE c.contype = 'f'",
        of_every_table!(
            "p.\"from\" || ' -> ' || p.\"table\" || '.' || p.\"to\" || ' ' || p.on_delete",
            "pragma_foreign_key_list"
        ),
    )
    .await
}

/// Everything the database itself would say of its tables.
pub(crate) async fn definition(db: &Database) -> Facts {
    let mut all = columns(db).await;
    all.extend(types(db).await);
    all.extend(keys(db).await);
    all.extend(references(db).await);
    let rest = if db.is_postgres() {
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
         WHERE connamespace = 'public'::regnamespace \
         UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' \
         UNION ALL SELECT 'sequence ' || sequence_name FROM information_schema.sequences \
         WHERE sequence_schema = 'public'"
    } else {
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL"
    };
    all.extend(db.texts(rest).await);
    all
}

fn assert_same(what: &str, postgres: &Facts, sqlite: &Facts) {
    let only_postgres: Vec<_> = postgres.difference(sqlite).collect();
    let only_sqlite: Vec<_> = sqlite.difference(postgres).collect();
    assert!(
        only_postgres.is_empty() && only_sqlite.is_empty(),
        "{what} differ\nonly on PostgreSQL: {only_postgres:#?}\nonly on SQLite: {only_sqlite:#?}"
    );
    assert!(!postgres.is_empty(), "no {what} were found");
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_tables_and_columns() {
    let (postgres, sqlite) = (testkit::postgres().await, testkit::sqlite().await);
    assert_same("columns", &columns(&postgres).await, &columns(&sqlite).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_keys_and_indexes() {
    let (postgres, sqlite) = (testkit::postgres().await, testkit::sqlite().await);
    assert_same("keys", &keys(&postgres).await, &keys(&sqlite).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_foreign_keys() {
    let (postgres, sqlite) = (testkit::postgres().await, testkit::sqlite().await);
    assert_same("foreign keys", &references(&postgres).await, &references(&sqlite).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_checks_types_as_strictly_as_postgresql() {
    let db = testkit::sqlite().await;
    let lax = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite~_%' \
               ESCAPE '~' AND name <> '__diesel_schema_migrations'";
    assert_eq!(db.texts(lax).await, Vec::<String>::new());
}

/// A column's type as `schema/` names it, as PostgreSQL does and as SQLite does.
const TYPES: [(&str, &str, &str); 10] = [
    ("Text", "text", "TEXT"),
    ("Id", "uuid", "BLOB"),
    ("Ts", "timestamp with time zone", "INTEGER"),
    ("Doc", "jsonb", "TEXT"),
    ("Bool", "boolean", "INTEGER"),
    ("SmallInt", "smallint", "INTEGER"),
    ("Integer", "integer", "INTEGER"),
    ("BigInt", "bigint", "INTEGER"),
    ("Double", "double precision", "REAL"),
    ("Binary", "bytea", "BLOB"),
];

/// What `schema/` says: columns with their nullability, columns with their type on either database, primary keys.
struct Declared {
    columns: Facts,
    postgres: Facts,
    sqlite: Facts,
    primary: Facts,
}

fn declared() -> Declared {
    let mut table = String::new();
    let mut said = Declared {
        columns: Facts::new(),
        postgres: Facts::new(),
        sqlite: Facts::new(),
        primary: Facts::new(),
    };
    for line in SCHEMA.lines().map(str::trim) {
        if let Some((name, key)) = line.strip_suffix(") {").and_then(|line| line.split_once(" (")) {
            name.clone_into(&mut table);
            if !APART.contains(&name) {
                said.primary.insert(format!("{name}.primary ({key})"));
            }
        }
        let Some((column, declared)) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")) else {
            continue;
        };
        if APART.contains(&table.as_str()) {
            continue;
        }
        let inner = declared.strip_prefix("Nullable<").and_then(|inner| inner.strip_suffix('>'));
        let nullability = if inner.is_some() { "null" } else { "not null" };
        let wanted = inner.unwrap_or(declared);
        let (_, postgres, sqlite) =
            TYPES.iter().find(|(name, ..)| *name == wanted).expect("a type both databases have");
        said.columns.insert(format!("{table}.{column} {nullability}"));
        said.postgres.insert(format!("{table}.{column} {postgres}"));
        said.sqlite.insert(format!("{table}.{column} {sqlite}"));
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_knows_the_schema_of_both() {
    let said = declared();
    let (postgres, sqlite) = (testkit::postgres().await, testkit::sqlite().await);
    assert_same("columns (the second is schema/)", &columns(&postgres).await, &said.columns);
    assert_same("types (the second is schema/)", &types(&postgres).await, &said.postgres);
    assert_same("types (the first is schema/)", &said.sqlite, &types(&sqlite).await);
    let primary = |keys: Facts| keys.into_iter().filter(|key| key.contains(".primary (")).collect::<Facts>();
    assert_same("primary keys (the second is schema/)", &primary(keys(&postgres).await), &said.primary);
}

async fn is_undone_and_made_again(db: Database) {
    let before = definition(&db).await;
    revert_all(&db.target).await.expect("the migrations are reverted");
    let left: Vec<_> = definition(&db).await.into_iter().filter(|line| !is_of_the_record(line)).collect();
    assert_eq!(left, Vec::<String>::new(), "left behind");
    let made = migrate(&db.target).await.expect("the migrations run again");
    assert_eq!(made.applied.len(), folders("sqlite").len());
    assert_same("definitions (the first is before)", &before, &definition(&db).await);
    assert_eq!(migrate(&db.target).await.expect("nothing is left to do").applied, Vec::<String>::new());
}

/// Diesel's record of migrations, and SQLite's of the numbers it gave out, outlive everything.
fn is_of_the_record(line: &str) -> bool {
    line.contains("__diesel_schema_migrations") || line.contains("sqlite_sequence")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_is_undone_and_made_again_on_postgresql() {
    is_undone_and_made_again(testkit::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_migration_is_undone_and_made_again_on_sqlite() {
    is_undone_and_made_again(testkit::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_tenants_says_so_and_is_found_by_it() {
    for db in [testkit::postgres().await, testkit::sqlite().await] {
        let (columns, keys, references) = (columns(&db).await, keys(&db).await, references(&db).await);
        let of_tenants: Vec<_> = columns
            .iter()
            .filter_map(|column| column.split_once(".company_id "))
            .map(|(table, _)| table)
            .collect();
        assert!(of_tenants.len() > 15, "{of_tenants:?}");
        for table in of_tenants {
            let reference = format!("{table}.company_id -> companies.id NO ACTION");
            assert!(references.contains(&reference), "{table} does not refer to its company");
            let leads = |key: &&String| {
                let of_table = key.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'));
                let whole = !key.ends_with(" partial");
                of_table && whole && (key.contains("(company_id, ") || key.contains("(company_id)"))
            };
            assert!(keys.iter().any(|key| leads(&key)), "{table} has no index that begins with its company");
        }
    }
}

fn migrations(database: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database)
}

fn folders(database: &str) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(migrations(database))
        .expect("the migrations are there")
        .map(|entry| entry.expect("a folder").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn both_databases_have_the_same_migrations() {
    assert_eq!(folders("postgres"), folders("sqlite"));
    for database in ["postgres", "sqlite"] {
        for folder in folders(database) {
            for file in ["up.sql", "down.sql"] {
                let path = migrations(database).join(&folder).join(file);
                assert!(path.is_file(), "{} is missing", path.display());
            }
        }
    }
}

/// What every migration of a database says after these words, by folder, on one line each.
fn said_after(database: &str, words: &str, end: char) -> BTreeMap<String, Vec<String>> {
    let said_in = |folder: String| {
        let text =
            fs::read_to_string(migrations(database).join(&folder).join("up.sql")).expect("a migration");
        // a policy's check is no table's, and only PostgreSQL can build an index while others write
        let text = text.replace("WITH CHECK (", "").replace("INDEX CONCURRENTLY ", "INDEX ");
        let clause = |rest: &str| rest.split(end).next().unwrap_or_default().to_owned();
        let clauses = text.split(words).skip(1).map(clause);
        let clauses = clauses.map(|clause| clause.split_whitespace().collect::<Vec<_>>().join(" "));
        (folder, clauses.collect())
    };
    folders(database).into_iter().map(said_in).collect()
}

/// What a database says of a condition is in its own words; what the migrations say is not.
#[test]
fn both_databases_have_the_same_checks_and_partial_indexes() {
    for (words, end) in [("CHECK (", ')'), ("INDEX ", ';')] {
        let postgres = said_after("postgres", words, end);
        assert_eq!(postgres, said_after("sqlite", words, end), "{words}");
        assert!(postgres.values().flatten().count() > 10);
    }
}
