//! Plain SQL, for what no port offers: states only people can bring about, and looking behind the ports.

use diesel::{
    Connection, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_types::{BigInt, Text},
};
use store_sql::Target;
use tokio_postgres::NoTls;
use uuid::Uuid;

use crate::Database;

impl Database {
    /// Whether this is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        matches!(self.target, Target::Postgres(_))
    }

    /// An id as it is written in a statement.
    pub fn id(&self, id: Uuid) -> String {
        match self.target {
            Target::Postgres(_) => format!("'{id}'"),
            Target::Sqlite(_) => format!("x'{}'", id.simple()),
        }
    }

    /// Runs statements on a connection of their own, committed when this returns.
    pub async fn run(&self, statements: &str) {
        match &self.target {
            Target::Postgres(url) => {
                let client = connect(url).await;
                client
                    .batch_execute(statements)
                    .await
                    .unwrap_or_else(|error| panic!("{statements}: {error:?}"));
            }
            Target::Sqlite(path) => {
                let (path, text) = (path.clone(), statements.to_owned());
                let done =
                    tokio::task::spawn_blocking(move || open(&path).batch_execute(&text)).await.unwrap();
                done.unwrap_or_else(|error| panic!("{statements}: {error}"));
            }
        }
    }

    /// The one whole number a query answers.
    pub async fn number(&self, query: &str) -> i64 {
        match &self.target {
            Target::Postgres(url) => {
                let client = connect(url).await;
                let row = client.query_one(query, &[]).await;
                row.unwrap_or_else(|error| panic!("{query}: {error:?}")).get(0)
            }
            Target::Sqlite(path) => {
                let (path, text) = (path.clone(), query.to_owned());
                let found = tokio::task::spawn_blocking(move || {
                    diesel::dsl::sql::<BigInt>(&text).get_result::<i64>(&mut open(&path))
                });
                found.await.unwrap().unwrap_or_else(|error| panic!("{query}: {error}"))
            }
        }
    }

    /// The texts a query answers in its one column.
    pub async fn texts(&self, query: &str) -> Vec<String> {
        match &self.target {
            Target::Postgres(url) => {
                let client = connect(url).await;
                let rows = client.query(query, &[]).await;
                rows.unwrap_or_else(|error| panic!("{query}: {error:?}"))
                    .iter()
                    .map(|row| row.get(0))
                    .collect()
            }
            Target::Sqlite(path) => {
                let (path, text) = (path.clone(), query.to_owned());
                let found = tokio::task::spawn_blocking(move || {
                    diesel::dsl::sql::<Text>(&text).get_results::<String>(&mut open(&path))
                });
                found.await.unwrap().unwrap_or_else(|error| panic!("{query}: {error}"))
            }
        }
    }

    /// How many rows a table holds.
    pub async fn rows(&self, table: &str) -> i64 {
        self.number(&format!("SELECT count(*) FROM {table}")).await
    }
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the test server answers");
    // ends with the client
    tokio::spawn(connection);
    client
}

fn open(path: &str) -> SqliteConnection {
    let mut conn = SqliteConnection::establish(path).expect("the test's file opens");
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA foreign_keys = ON").expect("pragmas are taken");
    conn
}
