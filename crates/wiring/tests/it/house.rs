//! An Otto in this process, its stand-ins, its database, and whoever talks to it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use app::Ports;
use kernel::{Calendar, Clock, CompanyId, PhoneNumber, Secret};
use queue::Queue;
use reqwest::{Client, StatusCode};
use serde_json::Value;
use simulators::{CallOrder, SentCall, SimulatedTenant, SimulatorSettings, Simulators, StandIn};
use tempfile::TempDir;
use testkit::Database;
use tokio::time::{Instant, sleep};
use wiring::{NewTenant, Parts, Running, SystemClock, set_up_tenant, start};

/// Far longer than anything here takes: a test that waits this long waits for ever.
const GUARD: Duration = Duration::from_mins(2);

pub struct House {
    pub database: Database,
    pub simulators: Simulators,
    pub tenant: SimulatedTenant,
    running: Running,
    http: Client,
    _folder: TempDir,
}

impl House {
    /// Everything runs, at a hundred times the providers' own pace.
    pub async fn open(database: Database, stand_ins: SimulatorSettings) -> Self {
        let settings = SimulatorSettings { time_scale: 0.01, ..stand_ins };
        Self::with(database, settings, Parts::all(), SimulatedTenant::demo(1).remove(0)).await
    }

    /// With a company of one's own, and not all of it running.
    pub async fn with(
        database: Database,
        stand_ins: SimulatorSettings,
        parts: Parts,
        tenant: SimulatedTenant,
    ) -> Self {
        Self::set(database, stand_ins, parts, tenant, &[]).await
    }

    /// With settings of one's own, too.
    pub async fn set(
        database: Database,
        stand_ins: SimulatorSettings,
        parts: Parts,
        tenant: SimulatedTenant,
        more: &[(&str, &str)],
    ) -> Self {
        Self::furnished(database, stand_ins, parts, tenant, more, Arc::new(String::new)).await
    }

    /// With settings of one's own, and somebody measuring.
    pub async fn furnished(
        database: Database,
        stand_ins: SimulatorSettings,
        parts: Parts,
        tenant: SimulatedTenant,
        more: &[(&str, &str)],
        metrics: Arc<dyn Fn() -> String + Send + Sync>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let simulators = simulators::start(stand_ins).expect("the stand-ins start");
        let mut given: BTreeMap<String, String> =
            simulators.environment().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let data = folder.path().to_str().expect("a path in UTF-8");
        for (name, value) in [
            ("DATABASE_URL", database.url().as_str()),
            ("OTTO_DATA_DIR", data),
            ("PORT", "0"),
            ("DEV_MODE", "true"),
            ("DEV_TEST_COMPANY_ID", &tenant.company_id),
        ]
        .into_iter()
        .chain(more.iter().copied())
        {
            given.insert(name.to_owned(), value.to_owned());
        }
        let settings = settings::read(&given).expect("the settings are fine");
        // boxed: all of Otto is too much for each test to hold
        let running = Box::pin(start(settings, parts, metrics)).await.expect("Otto starts");
        set_up_tenant(&running.otto.ports, new_tenant(&tenant, &[])).await.expect("the tenant is set up");
        simulators.set_otto_url(running.public_url.as_str());
        let http = Client::builder().no_proxy().timeout(GUARD).build().expect("an HTTP client");
        Self { database, simulators, tenant, running, http, _folder: folder }
    }

    pub async fn close(self) {
        self.running.stop().await;
        self.simulators.stop().await;
    }

    /// What use cases get.
    pub fn ports(&self) -> &Ports {
        &self.running.otto.ports
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.running.public_url.as_str().trim_end_matches('/'))
    }

    /// A webhook of CallRail's, signed with the company's key.
    pub async fn callrail(&self, kind: &str, body: &[u8]) -> StatusCode {
        let signature = simulators::callrail_signature(self.tenant.signing_key.expose(), body);
        self.callrail_signed(kind, body, &signature).await
    }

    pub async fn callrail_signed(&self, kind: &str, body: &[u8], signature: &str) -> StatusCode {
        let request = self
            .http
            .post(self.at(&format!("/callrail/{kind}")))
            .header("Content-Type", "application/json")
            .header("Signature", signature)
            .body(body.to_vec());
        request.send().await.expect("Otto answers").status()
    }

    /// A webhook of Shunya's, signed now.
    pub async fn shunya(&self, body: &Value) -> StatusCode {
        let bytes = body.to_string().into_bytes();
        let now = SystemClock.now().timestamp_millis();
        let secret = &self.simulators.secrets().shunya_hmac_secret;
        let request = self
            .http
            .post(self.at("/api/v1/shunya/webhook"))
            .header("Content-Type", "application/json")
            .header("X-Shunya-Signature", simulators::shunya_signature(secret.expose(), now, &bytes))
            .header("X-Shunya-Timestamp", now.to_string())
            .body(bytes);
        request.send().await.expect("Otto answers").status()
    }

    /// What the API answers under `data` to the company's manager.
    pub async fn read(&self, path: &str) -> Value {
        let token = format!("dev:manager:demo:{}", self.tenant.company_id);
        let answer = self.http.get(self.at(path)).bearer_auth(token).send().await.expect("Otto answers");
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let envelope: Value = answer.json().await.expect("JSON");
        envelope["data"].clone()
    }

    /// Sets up one of the demo companies, or sets it up anew, with secrets of its own at CallRail.
    pub async fn set_up(&self, tenant: usize, secrets: &[(&str, &str)]) {
        let tenant = new_tenant(&SimulatedTenant::demo(1)[tenant], secrets);
        set_up_tenant(&self.running.otto.ports, tenant).await.expect("the tenant is set up");
    }

    /// Takes back every answer laid down at one of the stand-ins.
    pub async fn mend(&self, of: StandIn) {
        let forget = self.http.delete(format!("{}/script", self.simulators.control_url(of)));
        assert!(forget.send().await.expect("the stand-in answers").status().is_success());
    }

    /// `/health/detailed`.
    pub async fn health(&self) -> Value {
        let answer = self.http.get(self.at("/health/detailed")).send().await.expect("Otto answers");
        answer.json().await.expect("JSON")
    }

    /// Makes a call, from the first ring to the last webhook.
    pub async fn call(&self, conversation: &str, index: u64) -> SentCall {
        self.call_to(self.tenant.clone(), conversation, index).await
    }

    /// The same, to one of the demo companies.
    pub async fn call_of(&self, tenant: usize, conversation: &str, index: u64) -> SentCall {
        self.call_to(SimulatedTenant::demo(1).remove(tenant), conversation, index).await
    }

    async fn call_to(&self, tenant: SimulatedTenant, conversation: &str, index: u64) -> SentCall {
        let order = CallOrder {
            tenant,
            conversation: conversation.to_owned(),
            index,
            // a customer of its own, in a block of numbers that belong to nobody
            customer_phone: Some(format!("+1{}55501{:02}", 210 + index / 100, index % 100)),
        };
        self.simulators.send_call(&order).await.expect("the call is made")
    }

    /// Waits until a count is as wished.
    pub async fn until(&self, query: &str, wished: i64) {
        let deadline = Instant::now() + GUARD;
        loop {
            let count = self.database.number(query).await;
            if count == wished {
                return;
            }
            assert!(Instant::now() < deadline, "{query} is {count}, not {wished}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until something is so.
    pub async fn so(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + GUARD;
        while !is_so().await {
            assert!(Instant::now() < deadline, "it did not come to be that {what}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until so many calls are analysed.
    pub async fn analysed(&self, calls: usize) {
        let wished = i64::try_from(calls).expect("a few calls");
        self.until("SELECT count(*) FROM calls WHERE stage = 'analysed'", wished).await;
    }

    /// Makes all looks at Shunya due now.
    pub async fn look_now(&self) {
        let past = if self.database.is_postgres() { "'2020-01-01T00:00:00Z'" } else { "0" };
        let due = format!("UPDATE jobs SET run_at = {past} WHERE state = 'ready' AND kind = 'shunya.poll'");
        self.database.run(&due).await;
        self.running.otto.ports.doorbell.ring(&Queue::ALL);
    }

    /// Rows of a table there are more of than one may be.
    pub async fn assert_once(&self, table: &str, key: &str) {
        let twins = format!("SELECT 1 AS one FROM {table} GROUP BY {key} HAVING count(*) > 1");
        let count = self.database.number(&format!("SELECT count(*) FROM ({twins}) AS twins")).await;
        assert_eq!(count, 0, "{table} by {key}");
    }
}

fn new_tenant(tenant: &SimulatedTenant, secrets: &[(&str, &str)]) -> NewTenant {
    let account = tenant.callrail_company_id.to_string();
    let number = |text: &String| PhoneNumber::parse(text).expect("a number");
    NewTenant {
        id: CompanyId::try_new(tenant.company_id.clone()).expect("an id"),
        name: tenant.name.clone(),
        calendar: Some(Calendar::in_zone(&tenant.time_zone).expect("a zone")),
        tenant_key: None,
        callrail_accounts: vec![account, tenant.callrail_company_resource_id.clone()],
        tracking_numbers: tenant.tracking_numbers.iter().map(number).collect(),
        callrail_secrets: secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new((*value).to_owned())))
            .chain([("signing_key".to_owned(), tenant.signing_key.clone())])
            .collect(),
        users: Vec::new(),
    }
}
