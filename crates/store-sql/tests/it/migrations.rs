//! Migrating a PostgreSQL that others migrate, use, or were interrupted at.

use store_sql::{MigrateError, Target, check, migrate, revert_all};
use testkit::{Database, PostgresServer, eventually};
use tokio_postgres::NoTls;

async fn applied(db: &Database) -> Vec<String> {
    db.texts("SELECT version::text FROM __diesel_schema_migrations ORDER BY version").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_that_migrate_at_once_do_it_once() {
    let db = testkit::postgres().await;
    let all = applied(&db).await;
    revert_all(&db.target).await.unwrap();
    let (one, other) = tokio::join!(migrate(&db.target), migrate(&db.target));
    let mut done = [one.unwrap().applied, other.unwrap().applied];
    done.sort_by_key(Vec::len);
    assert_eq!(done, [vec![], all.clone()]);
    assert_eq!(applied(&db).await, all);
}

const LATER: &str = "20991231000000";

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_schema_is_not_migrated_but_worked_on_while_it_serves_us() {
    let db = testkit::postgres().await;
    db.run(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{LATER}')")).await;
    let refused = migrate(&db.target).await.unwrap_err();
    assert!(matches!(&refused, MigrateError::NewerSchema { newest } if newest == LATER), "{refused:?}");
    check(&db.target).await.expect("it only added something");
    let serves = async |since: &str| {
        let comment =
            format!("COMMENT ON TABLE __diesel_schema_migrations IS 'serves programs since {since}'");
        db.run(&comment).await;
        check(&db.target).await
    };
    serves(applied(&db).await.iter().rev().nth(1).unwrap()).await.expect("it took what we do without");
    let refused = serves(LATER).await.unwrap_err();
    assert!(matches!(refused, MigrateError::NewerSchema { .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_schema_is_not_worked_on() {
    let db = testkit::postgres().await;
    db.run("DELETE FROM __diesel_schema_migrations WHERE version = '20261127000024'").await;
    let refused = check(&db.target).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Outdated { count: 1, .. }), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_building_was_interrupted_is_made_anew() {
    let db = testkit::postgres().await;
    let name = "20261127000020";
    db.run(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{name}'")).await;
    db.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'jobs_oldest'::regclass").await;
    assert_eq!(migrate(&db.target).await.unwrap().applied, [name]);
    let valid = "SELECT indisvalid::text FROM pg_index WHERE indexrelid = 'jobs_oldest'::regclass";
    assert_eq!(db.texts(valid).await, ["true"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_is_waited_for() {
    let db = testkit::postgres().await;
    let name = "20261127000024";
    db.run(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{name}'")).await;
    let (mut holder, connection) = tokio_postgres::connect(&db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let transaction = holder.transaction().await.unwrap();
    transaction.batch_execute("LOCK TABLE events IN SHARE UPDATE EXCLUSIVE MODE").await.unwrap();
    let target = db.target.clone();
    let migrating = tokio::spawn(async move { migrate(&target).await });
    // it has given up at least once, and is at it again
    let gave_up = "SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_database d ON d.datid = a.datid \
                   WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' AND d.xact_rollback > 0";
    eventually("the migration waits for the second time", async || db.number(gave_up).await > 0).await;
    transaction.rollback().await.unwrap();
    assert_eq!(migrating.await.unwrap().unwrap().applied, [name]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_may_not_make_roles_goes_on_once_they_are_made() {
    // roles belong to a whole server
    let server = PostgresServer::started();
    server.run("CREATE ROLE weak LOGIN").await;
    server.run("CREATE DATABASE otto OWNER weak").await;
    let target = Target::Postgres(server.url("otto").replace("otto@", "weak@"));
    let refused = migrate(&target).await.unwrap_err();
    assert!(matches!(refused, MigrateError::Failed(_)), "{refused:?}");
    assert!(refused.to_string().contains("permission denied to create role"), "{refused}");
    server.run("CREATE ROLE otto_app NOLOGIN").await;
    server.run("CREATE ROLE otto_system NOLOGIN").await;
    server.run("GRANT otto_app, otto_system TO weak").await;
    migrate(&target).await.unwrap();
    check(&target).await.unwrap();
}
