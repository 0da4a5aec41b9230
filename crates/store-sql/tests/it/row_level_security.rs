//! What PostgreSQL itself refuses, whatever a query of ours forgets.

use testkit::Database;
use tokio_postgres::{Client, NoTls, error::SqlState};

async fn as_role(db: &Database, role: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(&db.url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("SET ROLE {role}")).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_own_nothing_and_bypass_nothing() {
    let db = testkit::postgres().await;
    let might = "SELECT rolname::text FROM pg_roles WHERE rolname IN ('otto_app', 'otto_system') \
                 AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb)";
    assert_eq!(db.texts(might).await, Vec::<String>::new());
    let owned = "SELECT c.relname::text FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner \
                 WHERE r.rolname IN ('otto_app', 'otto_system')";
    assert_eq!(db.texts(owned).await, Vec::<String>::new());
}

async fn two_companies(db: &Database) {
    let system = as_role(db, "otto_system").await;
    let insert = "INSERT INTO companies (id, tenant_key, name, created_at, updated_at) VALUES \
                  ('org_a', 'key-a', 'A', now(), now()), ('org_b', 'key-b', 'B', now(), now())";
    system.batch_execute(insert).await.unwrap();
}

async fn companies(client: &Client) -> Vec<String> {
    let rows = client.query("SELECT id FROM companies ORDER BY id", &[]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_sees_the_tenant_it_names_and_nothing_where_it_names_none() {
    let db = testkit::postgres().await;
    two_companies(&db).await;
    let app = as_role(&db, "otto_app").await;
    assert_eq!(companies(&app).await, Vec::<String>::new());
    app.batch_execute("BEGIN; SET LOCAL otto.company_id = 'org_a'").await.unwrap();
    assert_eq!(companies(&app).await, ["org_a"]);
    app.batch_execute("COMMIT").await.unwrap();
    assert_eq!(companies(&app).await, Vec::<String>::new(), "the name outlived its transaction");
    assert_eq!(companies(&as_role(&db, "otto_system").await).await, ["org_a", "org_b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_for_another_tenant() {
    let db = testkit::postgres().await;
    two_companies(&db).await;
    let app = as_role(&db, "otto_app").await;
    app.batch_execute("BEGIN; SET LOCAL otto.company_id = 'org_a'").await.unwrap();
    assert_eq!(app.execute("UPDATE companies SET name = 'mine' WHERE id = 'org_b'", &[]).await.unwrap(), 0);
    assert_eq!(app.execute("DELETE FROM companies WHERE id = 'org_b'", &[]).await.unwrap(), 0);
    let insert = "INSERT INTO users (id, company_id, name, role, created_at, updated_at) \
                  VALUES ('u', 'org_b', 'U', 'csr', now(), now())";
    let refused = app.batch_execute(insert).await.unwrap_err();
    assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenants_role_touches_neither_schema_nor_schedule() {
    let db = testkit::postgres().await;
    let app = as_role(&db, "otto_app").await;
    for statement in [
        "INSERT INTO schedule_slots DEFAULT VALUES",
        "DELETE FROM __diesel_schema_migrations",
        "ALTER TABLE calls DISABLE ROW LEVEL SECURITY",
        "DROP TABLE calls",
    ] {
        let refused = app.batch_execute(statement).await.unwrap_err();
        assert_eq!(refused.code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE), "{statement}: {refused:?}");
    }
}
