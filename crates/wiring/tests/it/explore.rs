use crate::bench::{Bench, as_configured};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hold() {
    let bench =
        if std::env::var("EXPLORE_PG").is_ok() { Bench::postgres().await } else { Bench::sqlite().await };
    let mut tenants = Vec::new();
    for tenant in &bench.tenants {
        let id = as_configured(tenant).id;
        let key = bench.otto.ports.tenants.find(&id).await.unwrap().map(|c| c.tenant_key.expose().to_owned());
        tenants.push(serde_json::json!({"id": tenant.company_id, "key": key, "signing": tenant.signing_key.expose(),
            "com": tenant.callrail_company_resource_id, "num": tenant.callrail_company_id, "tracking": tenant.tracking_numbers}));
    }
    std::fs::write(
        "/tmp/explore.json",
        serde_json::json!({"url": bench.url, "db": bench.database.url(), "tenants": tenants}).to_string(),
    )
    .unwrap();
    while !std::path::Path::new("/tmp/explore.stop").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}
