//! How PostgreSQL goes about what sweeps and workers ask of it, where its statistics are of another time.

use app::ports::{InboxOffice, JobClaims, JobOffice, Sweeps};
use kernel::{JobId, Timestamp};
use queue::Lease;
use testkit::Database;

/// More than a batch, less than all.
const BATCH: i64 = 1_000;

fn now() -> Timestamp {
    Database::now()
}

/// Tables with rows that have become old since they were last looked at.
async fn grown_old() -> Database {
    let db = testkit::postgres().await;
    for table in ["jobs", "webhook_inbox", "events"] {
        db.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await;
    }
    db.run(
        "INSERT INTO companies (id, name, tenant_key, created_at, updated_at) \
         VALUES ('org_a', 'A', 'tenant-key-0000000', now(), now())",
    )
    .await;
    db.run(
        "INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, created_at) \
         SELECT gen_random_uuid(), 'org_a', 'org_a', 'asr', 'test', '{}', 0, 'ready', '2026-01-01', 5, '2026-01-01' \
         FROM generate_series(1, 5000)",
    )
    .await;
    db.run(
        "INSERT INTO webhook_inbox (id, provider, kind, event_key, state, path, query, proof, body, received_at) \
         SELECT gen_random_uuid(), 'callrail', 'test', n::text, 'received', '/', '', '[]', 'body', '2026-01-01' \
         FROM generate_series(1, 5000) n",
    )
    .await;
    for table in ["jobs", "webhook_inbox", "events"] {
        db.run(&format!("ANALYZE {table}")).await;
    }
    db.run("UPDATE jobs SET state = 'dead', finished_at = '2026-01-02'").await;
    db.run("UPDATE webhook_inbox SET state = 'applied', processed_at = '2026-01-02'").await;
    db.run(
        "INSERT INTO events (id, company_id, event, event_key, severity, data, created_at) \
         SELECT gen_random_uuid(), 'org_a', 'lead.created', n::text, 'info', '{}', '2026-01-01' \
         FROM generate_series(1, 5000) n",
    )
    .await;
    db
}

/// The plan of the statement a connection asked last, with values in place of its parameters: finding the rows by their
/// place is the only way that does not compare each with each.
async fn goes_by_place(db: &Database, begins: &str, values: &[&str]) {
    let last = format!(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '{begins} %'"
    );
    let asked = db.texts(&last).await;
    let [asked] = asked.as_slice() else { panic!("{begins}: {asked:?}") };
    let mut text = asked.clone();
    for (number, value) in (1..).zip(values) {
        text = text.replace(&format!("${number}"), value);
    }
    let plan = db.texts(&format!("EXPLAIN (COSTS OFF) {text}")).await.join("\n");
    assert!(plan.contains("Tid Scan") && !plan.contains("Join") && !plan.contains("Nested Loop"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_of_what_has_grown_old_do_not_compare_each_row_with_each() {
    let db = grown_old().await;
    let batch = usize::try_from(BATCH).unwrap();

    assert_eq!(db.system.delete_finished(now(), now(), BATCH).await.unwrap(), batch);
    goes_by_place(&db, "DELETE FROM jobs", &["now()", "1000"]).await;

    let long_ago = "2025-01-01T00:00:00Z".parse().unwrap();
    assert_eq!(db.system.empty_bodies(long_ago, now(), BATCH).await.unwrap().count, batch);
    goes_by_place(&db, "UPDATE webhook_inbox", &["''", "'2025-01-01'", "now()", "1000"]).await;

    assert_eq!(db.system.delete_settled(now(), BATCH).await.unwrap(), batch);
    goes_by_place(&db, "DELETE FROM webhook_inbox", &["now()", "1000"]).await;

    assert_eq!(db.system.delete_events(now(), BATCH).await.unwrap(), batch);
    goes_by_place(&db, "DELETE FROM events", &["now()", "1000"]).await;
}

/// The plan of the statement a connection asked last, whatever it is given.
async fn plan_of(db: &Database, holds: &str, types: &str, nulls: &str) -> String {
    let last = format!(
        "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%{holds}%' \
         AND pid <> pg_backend_pid()"
    );
    let asked = db.texts(&last).await;
    let [asked] = asked.as_slice() else { panic!("{holds}: {asked:?}") };
    db.run("CREATE TABLE plans (line text)").await;
    // all on one connection
    db.run(&format!(
        "SET plan_cache_mode = force_generic_plan; PREPARE asked ({types}) AS {asked}; \
         DO $do$ DECLARE line text; BEGIN \
             FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) EXECUTE asked ({nulls})' LOOP INSERT INTO plans VALUES (line); END LOOP; \
         END $do$; DEALLOCATE asked; RESET plan_cache_mode"
    ))
    .await;
    let plan = db.texts("SELECT line FROM plans").await.join("\n");
    db.run("DROP TABLE plans").await;
    plan
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_found_by_their_jobs_ids_whatever_runs() {
    let db = grown_old().await;
    let lease = Lease { job: JobId(uuid::Uuid::nil()), token: uuid::Uuid::nil() };
    // all were ready, and then dead; then all run in the statistics and none does, and the other way round
    let changes = [
        "SELECT 1",
        "UPDATE jobs SET state = 'running', lease_token = gen_random_uuid(), lease_until = now()",
        "ANALYZE jobs",
        "UPDATE jobs SET lease_token = '00000000-0000-0000-0000-000000000001'",
        "ANALYZE jobs",
        "UPDATE jobs SET state = 'done', lease_token = NULL, lease_until = NULL",
    ];
    for change in changes {
        db.run(change).await;
        assert_eq!(db.system.finish(&[lease], now()).await.unwrap(), 0);
        let finish =
            plan_of(&db, "finished_at = $3", "uuid[], uuid[], timestamptz", "NULL, NULL, NULL").await;
        assert_eq!(db.system.renew(&[lease], now()).await.unwrap(), []);
        let renew =
            plan_of(&db, "SET lease_until = $3", "uuid[], uuid[], timestamptz", "NULL, NULL, NULL").await;
        for plan in [finish, renew] {
            let scans: Vec<_> =
                plan.lines().filter(|line| line.contains("Scan") && line.contains("jobs")).collect();
            assert_eq!(scans.len(), 2, "{change}: {plan}");
            assert!(scans.iter().all(|scan| scan.contains("Scan using jobs_pkey")), "{change}: {plan}");
            assert!(!plan.contains("Hash") && !plan.contains("Merge"), "{change}: {plan}");
        }
    }
}
