//! Dumping and restoring a SQLite file.

use std::{
    collections::BTreeMap,
    fs,
    io::BufWriter,
    path::{Path, PathBuf},
};

use app::progress::Progress;
use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Binary, Nullable, Text},
};

use super::{
    BackupError, Dumped, ListedRecording, NUMBERS_PASSED_OVER, RECORDINGS, file_error, postgres::write_line,
    refused,
};
use crate::migrate::MigrateError;

const FILE: &str = "database.sqlite";
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

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, BackupError> + Send + 'static,
) -> Result<R, BackupError> {
    tokio::task::spawn_blocking(work).await.map_err(refused)?
}

/// Opens a file as it is: nothing is made, nothing is changed by looking.
fn open(path: &Path) -> Result<SqliteConnection, BackupError> {
    let connect = |reason: String| BackupError::Database(MigrateError::Connect { reason });
    if !path.is_file() {
        return Err(connect(format!("there is no file {}", path.display())));
    }
    let text = path.to_str().ok_or_else(|| connect("its path is not UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(text).map_err(|error| connect(error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout = 30000").map_err(|error| connect(error.to_string()))?;
    Ok(conn)
}

fn words(conn: &mut SqliteConnection, query: &str) -> Result<Vec<String>, BackupError> {
    let rows: Vec<Word> = diesel::sql_query(query).load(conn).map_err(refused)?;
    Ok(rows.into_iter().map(|row| row.word).collect())
}

const TABLES: &str = "SELECT name AS word FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~' \
     ORDER BY name";

fn count(conn: &mut SqliteConnection) -> Result<BTreeMap<String, u64>, BackupError> {
    let mut rows = BTreeMap::new();
    for table in words(conn, TABLES)? {
        let query = format!("SELECT count(*) AS number FROM \"{table}\"");
        let found: Number = diesel::sql_query(query).get_result(conn).map_err(refused)?;
        rows.insert(table, u64::try_from(found.number).unwrap_or_default());
    }
    Ok(rows)
}

fn check_sound(conn: &mut SqliteConnection) -> Result<(), BackupError> {
    #[derive(QueryableByName)]
    struct Check {
        #[diesel(sql_type = Text)]
        quick_check: String,
    }
    let told: Vec<Check> = diesel::sql_query("PRAGMA quick_check").load(conn).map_err(refused)?;
    match told.first() {
        Some(first) if first.quick_check == "ok" => Ok(()),
        first => {
            let what = first.map_or("nothing", |first| first.quick_check.as_str());
            Err(BackupError::Incomplete(format!("the copy of the database is damaged: {what}")))
        }
    }
}

pub(super) async fn dump(path: &str, folder: &Path, progress: &dyn Progress) -> Result<Dumped, BackupError> {
    let (path, copy, list) = (PathBuf::from(path), folder.join(FILE), folder.join(RECORDINGS));
    progress.begin("database", None);
    let dumped = blocking(move || {
        let into = copy.to_str().map(|text| text.replace('\'', "''")).unwrap_or_default();
        open(&path)?.batch_execute(&format!("VACUUM INTO '{into}'")).map_err(refused)?;
        fs::File::open(&copy).and_then(|file| file.sync_all()).map_err(file_error(&copy))?;
        // everything else is read from the copy, which is of one moment
        let mut conn = open(&copy)?;
        check_sound(&mut conn)?;
        let rows = count(&mut conn)?;
        let migrations =
            words(&mut conn, "SELECT version AS word FROM __diesel_schema_migrations ORDER BY 1")?;
        let recordings = list_recordings(&mut conn, &list)?;
        let version = words(&mut conn, "SELECT sqlite_version() AS word")?.concat();
        Ok(Dumped {
            database: "sqlite".to_owned(),
            versions: vec![format!("SQLite {version}")],
            file: FILE.to_owned(),
            migrations,
            rows,
            recordings,
        })
    })
    .await;
    progress.end();
    dumped
}

#[derive(QueryableByName)]
struct RecordingRow {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
    #[diesel(sql_type = Nullable<Text>)]
    blob_key: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    size_bytes: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    sha256: Option<String>,
}

fn list_recordings(conn: &mut SqliteConnection, path: &Path) -> Result<u64, BackupError> {
    let file = fs::File::create_new(path).map_err(file_error(path))?;
    let mut file = BufWriter::new(file);
    let (mut listed, mut after) = (0, Vec::new());
    loop {
        let rows: Vec<RecordingRow> = diesel::sql_query(
            "SELECT id, blob_key, size_bytes, sha256 FROM recordings WHERE state = 'stored' AND id > $1 \
             ORDER BY id LIMIT $2",
        )
        .bind::<Binary, _>(after.as_slice())
        .bind::<BigInt, _>(LISTED_AT_ONCE)
        .load(conn)
        .map_err(refused)?;
        let Some(last) = rows.last() else { break };
        after.clone_from(&last.id);
        for row in rows {
            let line = ListedRecording {
                key: row.blob_key.unwrap_or_default(),
                size: row.size_bytes.unwrap_or_default(),
                sha256: row.sha256.unwrap_or_default(),
            };
            write_line(&mut file, &line).map_err(file_error(path))?;
            listed += 1;
        }
    }
    let file = file.into_inner().map_err(|error| file_error(path)(error.into_error()))?;
    file.sync_all().map_err(file_error(path))?;
    Ok(listed)
}

pub(super) async fn check_empty(path: &str) -> Result<(), BackupError> {
    let path = PathBuf::from(path);
    blocking(move || {
        if !path.exists() {
            return Ok(());
        }
        let tables = words(&mut open(&path)?, TABLES)?;
        match tables.as_slice() {
            [] => Ok(()),
            [first, rest @ ..] => {
                Err(BackupError::NotEmpty(format!("a table {first} and {} more", rest.len())))
            }
        }
    })
    .await
}

pub(super) async fn restore(
    path: &str,
    folder: &Path,
    dumped: &Dumped,
    progress: &dyn Progress,
) -> Result<BTreeMap<String, u64>, BackupError> {
    let (path, from) = (PathBuf::from(path), folder.join(&dumped.file));
    progress.begin("database", None);
    let rows = blocking(move || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(parent) = parent {
            fs::create_dir_all(parent).map_err(file_error(parent))?;
        }
        // under another name until it is whole; what an empty file left beside it would be taken for a part of it
        let half = path.with_extension("restoring");
        fs::copy(&from, &half).map_err(file_error(&half))?;
        let rows = {
            let mut conn = open(&half)?;
            check_sound(&mut conn)?;
            let pass_over = format!(
                "UPDATE sqlite_sequence SET seq = seq + {NUMBERS_PASSED_OVER} WHERE name = 'subject_numbers'"
            );
            conn.batch_execute(&pass_over).map_err(refused)?;
            count(&mut conn)?
        };
        fs::File::open(&half).and_then(|file| file.sync_all()).map_err(file_error(&half))?;
        for ending in ["-wal", "-shm"] {
            let mut beside = path.clone().into_os_string();
            beside.push(ending);
            match fs::remove_file(&beside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(file_error(Path::new(&beside))(error));
                }
                _ => {}
            }
        }
        fs::rename(&half, &path).map_err(file_error(&path))?;
        if let Some(parent) = parent {
            fs::File::open(parent).and_then(|file| file.sync_all()).map_err(file_error(parent))?;
        }
        Ok(rows)
    })
    .await;
    progress.end();
    rows
}
