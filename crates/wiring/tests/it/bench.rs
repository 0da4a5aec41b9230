//! A whole Otto on a port of its own, with two companies.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use idempotency::InboxState;
use kernel::{Calendar, CompanyId, InboxId, PhoneNumber};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use simulators::{
    CallOrder, SimulatedTenant, SimulatorSettings, Simulators, callrail_signature, shunya_signature,
};
use tempfile::TempDir;
use testkit::Database;
use wiring::{NewTenant, Otto, Parts, Running, set_up_tenant, start};

use crate::answer::{Answer, answer};

/// A test that waits this long waits for ever.
const GUARD: Duration = Duration::from_secs(90);

/// What Shunya signs with here.
pub const SHUNYA_SECRET: &str = "bench-shunya-hmac-secret";

/// A running Otto.
pub struct Bench {
    pub url: String,
    pub otto: Otto,
    pub database: Database,
    pub tenants: Vec<SimulatedTenant>,
    pub client: Client,
    pub simulators: Option<Simulators>,
    _running: Running,
    _files: TempDir,
}

/// How an Otto differs from the usual one.
pub struct Wanted {
    pub settings: Vec<(&'static str, String)>,
    /// Worker, cron and stand-ins too, so that calls reach their ends.
    pub pipeline: bool,
    /// How often Shunya says things nobody documented, 0 to 1.
    pub quirks: f64,
    /// How fast the providers are; 1 is their own pace.
    pub pace: f64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { settings: Vec::new(), pipeline: false, quirks: 0.0, pace: 0.004 }
    }
}

impl Bench {
    /// The API alone, on SQLite.
    pub async fn sqlite() -> Self {
        Self::new(testkit::sqlite().await, Wanted::default()).await
    }

    /// The API alone, on PostgreSQL.
    pub async fn postgres() -> Self {
        Self::new(testkit::postgres().await, Wanted::default()).await
    }

    /// Everything, with stand-ins for the providers.
    pub async fn with_pipeline(database: Database) -> Self {
        Self::new(database, Wanted { pipeline: true, ..Wanted::default() }).await
    }

    pub async fn new(database: Database, wanted: Wanted) -> Self {
        let files = tempfile::tempdir().unwrap();
        let tenants = SimulatedTenant::demo(1);
        let mut given: BTreeMap<String, String> = [
            ("PORT", "0".to_owned()),
            ("OTTO_DATA_DIR", files.path().to_str().unwrap().to_owned()),
            ("DATABASE_URL", database.url()),
            ("DEV_MODE", "true".to_owned()),
            // one person asks for everything here; `limits` is about who asks too often
            ("ENABLE_RATE_LIMITING", "false".to_owned()),
            ("DEV_TEST_COMPANY_ID", tenants[0].company_id.clone()),
            ("UWC_HMAC_SECRET", SHUNYA_SECRET.to_owned()),
            ("CALLRAIL_SIGNING_KEY", "bench-platform-signing-key".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let simulators = wanted.pipeline.then(|| {
            let settings = SimulatorSettings {
                time_scale: wanted.pace,
                quirks: wanted.quirks,
                ..SimulatorSettings::default()
            };
            simulators::start(settings).unwrap()
        });
        for (name, value) in simulators.iter().flat_map(Simulators::environment) {
            given.insert(name.to_owned(), value);
        }
        given.extend(wanted.settings.into_iter().map(|(name, value)| (name.to_owned(), value)));
        let parts = if wanted.pipeline { Parts::all() } else { Parts { server: true, ..Parts::default() } };
        let settings = settings::read(&given).expect("the settings are in order");
        let running =
            start(settings, parts, Arc::new(|| "# metrics\n".to_owned())).await.expect("Otto starts");
        let otto = running.otto.clone();
        for tenant in tenants.iter().take(2) {
            set_up_tenant(&otto.ports, as_configured(tenant)).await.unwrap();
        }
        let url = format!("http://{}", running.address.unwrap());
        if let Some(simulators) = &simulators {
            simulators.set_otto_url(&url);
        }
        let client = Client::builder().no_proxy().timeout(GUARD).build().unwrap();
        Self { url, otto, database, tenants, client, simulators, _running: running, _files: files }
    }

    /// A request to a path.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// As the demo company's manager.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// As somebody.
    pub async fn get_as(&self, token: &str, path: &str) -> Answer {
        answer(self.request(Method::GET, path).bearer_auth(token)).await
    }

    /// A CallRail webhook of the first company, signed rightly.
    pub async fn callrail(&self, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        let signature = callrail_signature(self.tenants[0].signing_key.expose(), &body);
        let request = self.request(Method::POST, path).header("Signature", signature);
        answer(request.header("Content-Type", "application/json").body(body)).await
    }

    /// A Shunya webhook, signed rightly and now.
    pub async fn shunya(&self, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        let now = self.otto.ports.clock.now().timestamp_millis();
        let request = self
            .request(Method::POST, "/api/v1/shunya/webhook")
            .header("X-Shunya-Signature", shunya_signature(SHUNYA_SECRET, now, &body))
            .header("X-Shunya-Timestamp", now.to_string());
        answer(request.header("Content-Type", "application/json").body(body)).await
    }

    /// Every stored webhook as `state reason duplicates`, oldest first.
    pub async fn inbox(&self) -> Vec<String> {
        self.database
            .texts(
                "SELECT state || ' ' || coalesce(reason, '-') || ' ' || duplicates FROM webhook_inbox \
                 ORDER BY received_at, id",
            )
            .await
    }

    /// What Shunya calls the work it was asked for; empty where it has not answered yet.
    pub async fn tasks(&self) -> Vec<String> {
        self.database.texts("SELECT coalesce(vendor_task_id, '') FROM shunya_jobs ORDER BY created_at").await
    }

    /// The one webhook there is.
    pub async fn only_webhook(&self) -> InboxId {
        let two = app::ports::InboxFilter { limit: 2, ..Default::default() };
        let [line] = self.otto.ports.inbox_office.list(&two).await.unwrap().try_into().expect("one webhook");
        line.id
    }

    /// In which state a webhook is.
    pub async fn state_of(&self, id: InboxId) -> InboxState {
        self.otto.ports.inbox_office.find(id).await.unwrap().unwrap().entry.state
    }

    /// Makes these conversations' calls to the first company, and waits until each has reached its end.
    pub async fn make_calls(&self, conversations: &[&str]) {
        let simulators = self.simulators.as_ref().expect("a bench with a pipeline");
        for (index, conversation) in (0..).zip(conversations) {
            let order = CallOrder {
                tenant: self.tenants[0].clone(),
                conversation: (*conversation).to_owned(),
                index,
                customer_phone: None,
            };
            let sent = simulators.send_call(&order).await.unwrap();
            assert!(
                sent.events
                    .iter()
                    .flat_map(|event| &event.answers)
                    .all(simulators::Acknowledgement::is_taken)
            );
        }
        self.until("every call is over", || async {
            let calls = self.get("/api/v1/calls?limit=200").await.data();
            let calls = calls["calls"].as_array().unwrap().clone();
            let over = |call: &Value| matches!(call["stage"].as_str(), Some("analysed" | "missed"));
            calls.len() == conversations.len() && calls.iter().all(over)
        })
        .await;
    }

    /// Looks again and again until it is so.
    pub async fn until<F: Future<Output = bool>>(&self, what: &str, so: impl Fn() -> F) {
        let looking = async {
            while !so().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(GUARD, looking).await.unwrap_or_else(|_| panic!("in vain waited until {what}"));
    }
}

/// A company as Otto must know it for its calls to be taken.
pub fn as_configured(tenant: &SimulatedTenant) -> NewTenant {
    NewTenant {
        id: CompanyId::try_new(tenant.company_id.clone()).unwrap(),
        name: tenant.name.clone(),
        calendar: Some(Calendar::in_zone(&tenant.time_zone).unwrap()),
        tenant_key: None,
        callrail_accounts: vec![
            tenant.callrail_company_id.to_string(),
            tenant.callrail_company_resource_id.clone(),
        ],
        tracking_numbers: tenant
            .tracking_numbers
            .iter()
            .map(|text| PhoneNumber::parse(text).unwrap())
            .collect(),
        callrail_secrets: vec![("signing_key".to_owned(), tenant.signing_key.clone())],
        users: Vec::new(),
    }
}
