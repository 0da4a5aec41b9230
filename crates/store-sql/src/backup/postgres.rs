//! Dumping and restoring PostgreSQL.

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write},
    path::Path,
};

use app::progress::Progress;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{
    BackupError, Dumped, ListedRecording, NUMBERS_PASSED_OVER, RECORDINGS, file_error,
    programs::{Program, Server},
    refused,
};
use crate::{
    migrate::connect_postgres,
    types::{DbId, Id},
};

const FILE: &str = "database.dump";
/// Recordings are listed so many at a time.
const LISTED_AT_ONCE: i64 = 5_000;

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

async fn words(conn: &mut AsyncPgConnection, query: &str) -> Result<Vec<String>, BackupError> {
    let rows: Vec<Word> = diesel::sql_query(query).load(conn).await.map_err(refused)?;
    Ok(rows.into_iter().map(|row| row.word).collect())
}

async fn word(conn: &mut AsyncPgConnection, query: &str) -> Result<String, BackupError> {
    let row: Word = diesel::sql_query(query).get_result(conn).await.map_err(refused)?;
    Ok(row.word)
}

/// The server's major version, and how it calls it.
async fn version(conn: &mut AsyncPgConnection) -> Result<(u32, String), BackupError> {
    let number = word(conn, "SELECT current_setting('server_version_num') AS word").await?;
    let full = word(conn, "SELECT current_setting('server_version') AS word").await?;
    let major = number.parse::<u32>().unwrap_or_default() / 10_000;
    Ok((major, format!("server (PostgreSQL) {full}")))
}

/// Our tables, in alphabetical order.
const TABLES: &str = "SELECT c.relname::text AS word FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = 'public' AND c.relkind = 'r' ORDER BY 1";

/// Tables whose rows a policy could keep from the role that dumps: everything but one policy that lets it see all.
const HIDING: &str = "SELECT c.relname::text AS word FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relrowsecurity AND (\
       NOT EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname \
         AND p.permissive = 'PERMISSIVE' AND 'otto_system' = ANY(p.roles) AND p.cmd IN ('ALL', 'SELECT') AND p.qual = 'true') \
       OR EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'public' AND p.tablename = c.relname \
         AND p.permissive <> 'PERMISSIVE')) ORDER BY 1";

async fn count(conn: &mut AsyncPgConnection) -> Result<BTreeMap<String, u64>, BackupError> {
    let mut rows = BTreeMap::new();
    for table in words(conn, TABLES).await? {
        let query = format!("SELECT count(*) AS number FROM \"{table}\"");
        let found: Number = diesel::sql_query(query).get_result(conn).await.map_err(refused)?;
        rows.insert(table, u64::try_from(found.number).unwrap_or_default());
    }
    Ok(rows)
}

pub(super) async fn dump(url: &str, folder: &Path, progress: &dyn Progress) -> Result<Dumped, BackupError> {
    let server = Server::parse(url)?;
    let mut conn = connect_postgres(url).await?;
    let (major, version) = version(&mut conn).await?;
    let pg_dump = Program::find("pg_dump", major).await?;
    // as the role that sees every company's rows, in a transaction that stays open until all of it is dumped
    conn.batch_execute(
        "SET ROLE otto_system; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
         BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
    )
    .await
    .map_err(refused)?;
    let hiding = words(&mut conn, HIDING).await?;
    if !hiding.is_empty() {
        let tables = hiding.join(", ");
        return Err(BackupError::Incomplete(format!(
            "a policy could keep rows of {tables} from a backup\nOnly the policies of Otto's own migrations may be on its tables."
        )));
    }
    let snapshot = word(&mut conn, "SELECT pg_export_snapshot() AS word").await?;
    progress.begin("counting rows", None);
    let rows = count(&mut conn).await?;
    progress.end();
    let migrations =
        words(&mut conn, "SELECT version::text AS word FROM __diesel_schema_migrations ORDER BY 1").await?;
    let recordings = list_recordings(&mut conn, &folder.join(RECORDINGS), progress).await?;

    let file = folder.join(FILE);
    let mut command = pg_dump.command(&server);
    command
        .args([
            "--format=custom",
            "--schema=public",
            "--enable-row-security",
            "--role=otto_system",
            "--verbose",
        ])
        .arg(format!("--snapshot={snapshot}"))
        .arg("--file")
        .arg(&file);
    progress.begin("database", Some(u64::try_from(rows.len()).unwrap_or_default()));
    let dumped = pg_dump.run(command, "dumping contents of table", progress).await;
    progress.end();
    dumped?;
    conn.batch_execute("COMMIT").await.map_err(refused)?;
    sync(&file)?;
    Ok(Dumped {
        database: "postgres".to_owned(),
        versions: vec![version, pg_dump.version.clone()],
        file: FILE.to_owned(),
        migrations,
        rows,
        recordings,
    })
}

fn sync(path: &Path) -> Result<(), BackupError> {
    std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(file_error(path))
}

#[derive(QueryableByName)]
struct RecordingRow {
    #[diesel(sql_type = Id)]
    id: DbId,
    #[diesel(sql_type = Nullable<Text>)]
    blob_key: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    size_bytes: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    sha256: Option<String>,
}

async fn list_recordings(
    conn: &mut AsyncPgConnection,
    path: &Path,
    progress: &dyn Progress,
) -> Result<u64, BackupError> {
    progress.begin("listing recordings", None);
    let file = std::fs::File::create_new(path).map_err(file_error(path))?;
    let mut file = BufWriter::new(file);
    let (mut listed, mut after) = (0, DbId(Uuid::nil()));
    loop {
        let rows: Vec<RecordingRow> = diesel::sql_query(
            "SELECT id, blob_key, size_bytes, sha256 FROM recordings WHERE state = 'stored' AND id > $1 \
             ORDER BY id LIMIT $2",
        )
        .bind::<Id, _>(after)
        .bind::<BigInt, _>(LISTED_AT_ONCE)
        .load(conn)
        .await
        .map_err(refused)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            let line = ListedRecording {
                key: row.blob_key.unwrap_or_default(),
                size: row.size_bytes.unwrap_or_default(),
                sha256: row.sha256.unwrap_or_default(),
            };
            write_line(&mut file, &line).map_err(file_error(path))?;
            listed += 1;
        }
        progress.advance(u64::try_from(LISTED_AT_ONCE).unwrap_or_default());
    }
    let file = file.into_inner().map_err(|error| file_error(path)(error.into_error()))?;
    file.sync_all().map_err(file_error(path))?;
    progress.end();
    Ok(listed)
}

/// One object in one line.
pub(super) fn write_line(file: &mut impl Write, line: &ListedRecording) -> std::io::Result<()> {
    serde_json::to_writer(&mut *file, line)?;
    file.write_all(b"\n")
}

/// Everything there may be in a schema that is not an extension's.
const CONTENTS: &str = "SELECT c.relname::text AS word FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') \
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1";

pub(super) async fn check_empty(url: &str) -> Result<(), BackupError> {
    let mut conn = connect_postgres(url).await?;
    let contents = words(&mut conn, CONTENTS).await?;
    match contents.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => Err(BackupError::NotEmpty(format!("a table {first} and {} more", rest.len()))),
    }
}

pub(super) async fn restore(
    url: &str,
    folder: &Path,
    dumped: &Dumped,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, u64>, BackupError> {
    let server = Server::parse(url)?;
    let mut conn = connect_postgres(url).await?;
    let (major, _) = version(&mut conn).await?;
    let pg_restore = Program::find("pg_restore", major).await?;
    conn.batch_execute(include_str!("roles.sql")).await.map_err(refused)?;
    let mut command = pg_restore.command(&server);
    command
        .args([
            "--no-owner",
            "--no-privileges",
            "--schema=public",
            "--single-transaction",
            "--exit-on-error",
            "--verbose",
        ])
        // without a name it would print what it is to do
        .arg(format!("--dbname={}", server.database()))
        .arg(folder.join(&dumped.file));
    progress.begin("database", Some(u64::try_from(dumped.rows.len()).unwrap_or_default()));
    let restored = pg_restore.run(command, "processing data for table", progress).await;
    progress.end();
    restored?;
    conn.batch_execute(include_str!("grants.sql")).await.map_err(refused)?;
    progress.begin("counting rows", None);
    // without statistics the first queries on a large database would be planned blindly
    let afterwards = format!(
        "SET statement_timeout = 0; ANALYZE; \
         SELECT setval('subject_numbers', last_value + {NUMBERS_PASSED_OVER}) FROM subject_numbers WHERE is_called; \
         SET ROLE otto_system"
    );
    conn.batch_execute(&afterwards).await.map_err(refused)?;
    let rows = count(&mut conn).await?;
    progress.end();
    Ok(rows)
}
