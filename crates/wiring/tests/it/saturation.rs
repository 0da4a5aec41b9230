//! More callers than connections: they are told to come back, nobody is told that something broke, and it passes.

use kernel::{CompanyId, Scope};

use crate::{
    bench::{Bench, Wanted},
    callrail::payload,
};

#[tokio::test(flavor = "multi_thread")]
async fn while_every_connection_is_in_use_requests_are_told_to_come_back() {
    for database in [testkit::postgres().await, testkit::sqlite().await] {
        let reads_too = database.is_postgres();
        let settings =
            [("OTTO_DB_POOL_SIZE", "1"), ("OTTO_DB_POOL_OVERFLOW", "0"), ("OTTO_DB_POOL_WAIT_SECONDS", "1")];
        let settings = settings.map(|(name, value)| (name, value.to_owned())).into();
        let bench = Bench::new(database, Wanted { settings, ..Wanted::default() }).await;
        let company = CompanyId::try_new(bench.tenants[0].company_id.clone()).unwrap();
        let unit = bench.otto.ports.store.begin(&Scope::system(company, "test")).await.unwrap();

        let call = payload(&bench.tenants[0], "CALfull").to_string();
        let webhook = bench.callrail("/callrail/call.completed", call.clone()).await;
        webhook.is_error(503, "DATABASE_ERROR");
        assert_eq!(webhook.header("retry-after"), Some("5"));
        // SQLite's readers are no writers
        if reads_too {
            let read = bench.get("/api/v1/calls").await;
            read.is_error(503, "DATABASE_ERROR");
            assert_eq!(read.header("retry-after"), Some("5"));
        }

        unit.rollback().await.unwrap();
        bench.callrail("/callrail/call.completed", call).await.is(200);
        assert_eq!(bench.get("/api/v1/calls").await.data()["calls"].as_array().unwrap().len(), 1);
    }
}
