use std::{env, sync::Arc, thread};

use kernel::Timestamp;
use store_sql::{PoolSettings, SqlStore, SqlSystem, Target};
use tempfile::TempDir;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use uuid::Uuid;

/// Where `scripts/test` says its throw-away PostgreSQL is.
const SERVER: &str = "OTTO_TEST_POSTGRES_URL";

/// An empty, migrated database of one test's own. Gone when dropped.
pub struct Database {
    /// For tenants' work.
    pub store: SqlStore,
    /// Across tenants.
    pub system: SqlSystem,
    /// Where it is.
    pub target: Target,
    _files: Option<Arc<TempDir>>,
    to_drop: Option<(String, String)>,
}

impl Database {
    pub(crate) fn open(
        target: Target,
        files: Option<Arc<TempDir>>,
        to_drop: Option<(String, String)>,
    ) -> Self {
        let settings = PoolSettings { size: 8, overflow: 0, ..PoolSettings::default() };
        let (store, system) = store_sql::open(&target, None, &settings, Arc::new(crate::Dice(0.5)))
            .expect("pools can be prepared");
        Self { store, system, target, _files: files, to_drop }
    }

    /// One on a PostgreSQL server of somebody else's, who takes it down. Nothing is asked of it before it is used.
    pub fn at(url: &str) -> Self {
        Self::open(Target::Postgres(url.to_owned()), None, None)
    }

    /// The URL a process would be given.
    pub fn url(&self) -> String {
        match &self.target {
            Target::Postgres(url) => url.clone(),
            Target::Sqlite(path) => format!("sqlite:{path}"),
        }
    }

    /// Ends every connection to a PostgreSQL database and lets nobody in any more, as if its server were gone.
    pub async fn cut_off(&self) {
        let (server, name) = self.to_drop.as_ref().expect("a database on a server");
        run(server, &format!("ALTER DATABASE \"{name}\" ALLOW_CONNECTIONS false")).await;
        let ending =
            format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        run(server, &ending).await;
    }

    /// A time for rows that need one.
    pub fn now() -> Timestamp {
        "2026-11-22T18:00:00Z".parse().expect("an instant")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((server, name)) = self.to_drop.take() else { return };
        // drop cannot wait, and the runtime of the test may be going away: a thread of its own can
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(run(&server, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")));
            }
        });
        drop(dropping.join());
    }
}

/// A SQLite file.
pub async fn sqlite() -> Database {
    let files = Arc::new(tempfile::tempdir().expect("a folder for the test"));
    let path = files.path().join("otto.db");
    let target = Target::Sqlite(path.to_str().expect("a path in UTF-8").to_owned());
    store_sql::migrate(&target).await.expect("the migrations run");
    Database::open(target, Some(files), None)
}

/// A database on the throw-away PostgreSQL server, copied from one that is migrated once.
pub async fn postgres() -> Database {
    let server = server();
    let template = template(&server).await;
    let name = fresh_name();
    run(&server, &format!("CREATE DATABASE \"{name}\" TEMPLATE \"{template}\"")).await;
    Database::open(Target::Postgres(with_database(&server, &name)), None, Some((server, name)))
}

/// A place for a SQLite file that is not there yet.
pub async fn empty_sqlite() -> Database {
    let files = Arc::new(tempfile::tempdir().expect("a folder for the test"));
    let path = files.path().join("otto.db");
    let target = Target::Sqlite(path.to_str().expect("a path in UTF-8").to_owned());
    Database::open(target, Some(files), None)
}

/// A database on the throw-away PostgreSQL server that has nothing in it.
pub async fn empty_postgres() -> Database {
    let server = server();
    let name = fresh_name();
    run(&server, &format!("CREATE DATABASE \"{name}\"")).await;
    Database::open(Target::Postgres(with_database(&server, &name)), None, Some((server, name)))
}

fn server() -> String {
    env::var(SERVER).unwrap_or_else(|_| {
        panic!("{SERVER} is not set: run the tests with scripts/test, which starts a server")
    })
}

#[expect(clippy::disallowed_methods, reason = "names of throw-away databases are nobody's ids")]
fn fresh_name() -> String {
    format!("otto_test_{}", Uuid::new_v4().simple())
}

/// The server's URL with another database's name.
fn with_database(server: &str, name: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("a URL that ends with a database name");
    format!("{base}/{name}")
}

#[expect(clippy::disallowed_methods, reason = "names of throw-away databases are nobody's ids")]
async fn template(server: &str) -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async {
            // one for each test process: cheaper than agreeing on one, and never stale
            let name = format!("otto_template_{}", Uuid::new_v4().simple());
            run(server, &format!("CREATE DATABASE \"{name}\"")).await;
            let target = Target::Postgres(with_database(server, &name));
            store_sql::migrate(&target).await.expect("the migrations run");
            name
        })
        .await
}

pub(crate) async fn run(server: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.expect("the test server answers");
    let connection = tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
    drop(client);
    drop(connection.await);
}
