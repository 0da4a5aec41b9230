//! TLS to a real PostgreSQL, in every mode.

use std::{path::Path, sync::Arc, time::Duration};

use app::{progress::Unwatched, reads::Reads};
use store_sql::{
    Encryption, MigrateError, PoolSettings, Target, TlsError, backup, check, encryption, migrate,
};
use testkit::{Authority, Certificate, Database, PostgresServer, eventually};

/// A server, as its URL's user sees it.
struct Seen<'a> {
    server: &'a PostgresServer,
    user: &'static str,
}

impl Seen<'_> {
    fn url(&self, host: &str, database: &str, query: &str) -> String {
        format!("postgres://{}@{host}:{}/{database}?{query}", self.user, self.server.port())
    }

    async fn at(&self, host: &str, query: &str) -> Result<Option<Encryption>, MigrateError> {
        encryption(&Target::Postgres(self.url(host, "postgres", query))).await
    }

    async fn finds(&self, host: &str, query: &str, expected: Encryption) {
        assert_eq!(self.at(host, query).await.unwrap(), Some(expected), "{host}?{query}");
    }

    async fn refuses(&self, host: &str, query: &str, expected: fn(&TlsError) -> bool) {
        match self.at(host, query).await {
            Err(MigrateError::Tls(error)) if expected(&error) => {}
            other => panic!("{host}?{query}: {other:?}"),
        }
    }
}

fn with(mode: &str, root: &Path) -> String {
    format!("sslmode={mode}&sslrootcert={}", root.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mode_is_what_it_says_with_and_without_tls_at_the_server() {
    let (authority, another) = (Authority::new(), Authority::new());
    let (root, wrong) = (authority.root(), another.root());
    let server = PostgresServer::started();
    let seen = Seen { server: &server, user: "otto" };

    for query in ["", "sslmode=disable", "sslmode=allow", "sslmode=prefer"] {
        seen.finds("localhost", query, Encryption::None).await;
    }
    for query in [
        "sslmode=require".to_owned(),
        with("require", &root),
        with("verify-ca", &root),
        with("verify-full", &root),
    ] {
        seen.refuses("localhost", &query, |error| matches!(error, TlsError::NotOffered { .. })).await;
    }

    server.speak_tls(&authority.certificate("localhost"));
    seen.finds("localhost", "sslmode=disable", Encryption::None).await;
    for query in ["", "sslmode=allow", "sslmode=prefer", "sslmode=require"] {
        seen.finds("localhost", query, Encryption::Unchecked).await;
    }
    for host in ["localhost", "127.0.0.1"] {
        seen.finds(host, &with("require", &root), Encryption::Vouched).await;
        seen.finds(host, &with("verify-ca", &root), Encryption::Vouched).await;
    }
    seen.finds("localhost", &with("verify-full", &root), Encryption::Checked).await;
    seen.refuses(
        "127.0.0.1",
        &with("verify-full", &root),
        |error| matches!(error, TlsError::WrongHost { reason } if reason.contains("localhost")),
    )
    .await;
    for mode in ["require", "verify-ca", "verify-full"] {
        seen.refuses("localhost", &with(mode, &wrong), |error| matches!(error, TlsError::Untrusted { .. }))
            .await;
        let missing = with(mode, &wrong.with_file_name("missing.pem"));
        seen.refuses("localhost", &missing, |error| {
            matches!(error, TlsError::Roots { path: Some(path), .. } if path.ends_with("missing.pem"))
        })
        .await;
    }
    // whatever the machine trusts, or if it trusts nobody at all
    seen.refuses("localhost", "sslrootcert=system", |error| {
        matches!(error, TlsError::Untrusted { .. } | TlsError::Roots { path: None, .. })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_nobody_else_signed_is_trusted_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (own, path) = Certificate::of_its_own("localhost", folder.path());
    let server = PostgresServer::started();
    server.speak_tls(&own);
    let seen = Seen { server: &server, user: "otto" };
    seen.finds("localhost", &with("verify-full", &path), Encryption::Checked).await;
    seen.refuses("127.0.0.1", &with("verify-full", &path), |error| {
        matches!(error, TlsError::WrongHost { .. })
    })
    .await;
    let (_, another) = Certificate::of_its_own("localhost", folder.path());
    seen.refuses("localhost", &with("verify-full", &another), |error| {
        matches!(error, TlsError::Untrusted { .. })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_read_is_told_of_and_only_preferred_tls_is_done_without() {
    let authority = Authority::new();
    let server = PostgresServer::started();
    server.speak_tls(&authority.certificate_of_old("localhost"));
    let seen = Seen { server: &server, user: "otto" };
    seen.refuses(
        "localhost",
        "sslmode=require",
        |error| matches!(error, TlsError::Handshake { reason } if reason.contains("first version")),
    )
    .await;
    seen.finds("localhost", "sslmode=prefer", Encryption::None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in_without_tls_alone_is_let_in_unless_it_was_asked_for() {
    let authority = Authority::new();
    let server = PostgresServer::started();
    server.speak_tls(&authority.certificate("localhost"));
    server.run("CREATE ROLE plain LOGIN").await;
    server.let_in("hostnossl all plain 127.0.0.1/32 trust\nhostssl all plain 127.0.0.1/32 reject\n");
    let seen = Seen { server: &server, user: "plain" };
    seen.finds("127.0.0.1", "", Encryption::None).await;
    let refused = seen.at("127.0.0.1", "sslmode=require").await.unwrap_err();
    assert!(matches!(refused, MigrateError::Connect { .. }), "{refused:?}");
}

#[test]
fn who_leaves_a_connection_to_others_open_has_said_so_or_has_no_others() {
    for (url, may) in [
        ("postgres://otto@db.internal/otto", false),
        ("postgres://otto@db.internal/otto?sslmode=prefer", false),
        ("postgres://otto@127.0.0.1,db.internal/otto", false),
        ("postgres://otto@db.internal/otto?sslmode=disable", true),
        ("postgres://otto@localhost/otto", true),
        ("postgres://otto@%2Frun%2Fpostgresql/otto", true),
        ("sqlite:otto.db", true),
    ] {
        assert_eq!(store_sql::may_be_unencrypted(&Target::parse(url).unwrap()), may, "{url}");
    }
}

/// A server that lets one login in with TLS alone, and with a password that is bound to the connection.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_connects_does_so_with_tls() {
    let authority = Authority::new();
    let server = PostgresServer::started();
    server.speak_tls(&authority.certificate("localhost"));
    server.run("CREATE ROLE app LOGIN CREATEROLE PASSWORD 's3cret'").await;
    for database in ["otto", "restored"] {
        server.run(&format!("CREATE DATABASE {database} OWNER app")).await;
    }
    server.let_in("hostssl all app 127.0.0.1/32 scram-sha-256\nhost all app 127.0.0.1/32 reject\n");
    let seen = Seen { server: &server, user: "app:s3cret" };
    let query = format!("{}&channel_binding=require", with("verify-full", &authority.root()));
    let target = Target::Postgres(seen.url("localhost", "otto", &query));

    assert!(!migrate(&target).await.unwrap().applied.is_empty());
    check(&target).await.unwrap();
    let standby = server.standby();
    let at_standby = Seen { server: &standby, user: "app:s3cret" };
    let replica = Target::Postgres(at_standby.url("localhost", "otto", &query));
    let settings = PoolSettings { replica_lag: Duration::from_mins(10), ..PoolSettings::default() };
    let dice = Arc::new(testkit::Dice(0.5));
    let (store, system) = store_sql::open(&target, Some(&replica), &settings, dice).unwrap();
    store.ping().await.unwrap();
    app::ports::JobOffice::depths(&system).await.unwrap();
    let following = tokio::spawn({
        let store = store.clone();
        async move { store.follow_replica().await }
    });
    eventually("the replica is used", async || store.replica().is_some_and(|replica| replica.used)).await;
    let open = Database::at(&server.url("otto"));
    let encrypted =
        "SELECT DISTINCT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'app'";
    assert_eq!(open.texts(encrypted).await, ["true"]);
    following.abort();

    let folder = tempfile::tempdir().unwrap();
    let dumped = backup::dump(&target, folder.path(), &Unwatched).await.unwrap();
    let other = Target::Postgres(seen.url("localhost", "restored", &query));
    backup::check_empty(&other).await.unwrap();
    backup::restore(&other, folder.path(), &dumped, &Unwatched).await.unwrap();

    seen.refuses("localhost", "sslmode=disable", |error| matches!(error, TlsError::Demanded { .. })).await;
    let wrong = Seen { server: &server, user: "app:wr0ng" };
    let told = wrong.at("localhost", &query).await.unwrap_err().to_string();
    assert!(told.contains("password authentication failed") && !told.contains("wr0ng"), "{told}");
}
