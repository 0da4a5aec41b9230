//! Looking for a webhook's sender costs no more than it may, and what was not looked for is said to be that.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use app::{
    Ports,
    ingest::{
        AcceptError, CallWebhookAck, SearchLimits, SenderSearch, accept_call_webhook, credential_context,
    },
    ports::{CallWebhooks, Delivery, TenantHints, TenantSetup, Tenants, Unreadable},
};
use calls::{CallEvent, CallEventKind};
use kernel::{CompanyId, Provider, Secret};
use tenancy::{Company, TenantKey};
use testkit::{Database, World};

use crate::setup::in_time;

/// Webhooks that name nobody, whose signature is the key itself, checked only while the gate is open.
#[derive(Default)]
struct Gated {
    is_shut: Mutex<bool>,
    changed: Condvar,
    tried: AtomicUsize,
}

impl Gated {
    fn shut(&self, shut: bool) {
        *self.is_shut.lock().unwrap() = shut;
        self.changed.notify_all();
    }
}

impl CallWebhooks for Gated {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }
    fn hints(&self, _: &Delivery) -> TenantHints {
        TenantHints::default()
    }
    fn has_proof(&self, delivery: &Delivery) -> bool {
        delivery.proof("signature").is_some()
    }
    fn verify(&self, delivery: &Delivery, key: &Secret) -> bool {
        if key.expose().starts_with("key of") {
            self.tried.fetch_add(1, Ordering::SeqCst);
            let _open = self.changed.wait_while(self.is_shut.lock().unwrap(), |shut| *shut).unwrap();
        }
        delivery.proof("signature") == Some(key.expose())
    }
    fn read(&self, _: &Delivery, _: CallEventKind) -> Result<CallEvent, Unreadable> {
        Err(Unreadable::Malformed)
    }
}

fn delivery(signature: &str, body: &str) -> Delivery {
    Delivery {
        kind: "call.completed",
        tenant_key: None,
        path: "/callrail/call.completed".to_owned(),
        query: String::new(),
        content_type: None,
        proof: vec![("signature".to_owned(), signature.to_owned())],
        body: body.to_owned().into(),
        received_at: Database::now(),
        trace: None,
    }
}

/// A company with a signing key.
async fn with_key(world: &World, id: &str, key: &str) {
    let company = CompanyId::try_new(id).unwrap();
    let context = credential_context(&company, Provider::Callrail, "signing_key");
    let sealed = world.ports.secrets.seal(&Secret::new(key.to_owned()), &context).unwrap();
    let setup = TenantSetup {
        company: Company {
            id: company,
            name: id.to_owned(),
            calendar: kernel::Calendar::UTC,
            tenant_key: TenantKey::try_new(format!("{id}-tenant-key-0000")).unwrap(),
        },
        tracking_numbers: Vec::new(),
        accounts: Vec::new(),
        credentials: vec![(Provider::Callrail, "signing_key".to_owned(), sealed)],
        users: Vec::new(),
    };
    world.db.system.set_up(&setup, Database::now()).await.unwrap();
}

/// A world with such webhooks, and these limits.
fn within(world: &World, limits: SearchLimits) -> (Arc<Ports>, Arc<Gated>, Arc<dyn CallWebhooks>) {
    let gated = Arc::new(Gated::default());
    let webhooks: Arc<dyn CallWebhooks> = gated.clone();
    let ports = Ports {
        callrail_webhooks: webhooks.clone(),
        sender_search: Arc::new(SenderSearch::new(limits)),
        ..world.ports.as_ref().clone()
    };
    (Arc::new(ports), gated, webhooks)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_searches_one_runs_one_waits_and_the_rest_are_told_at_once() {
    in_time(async {
        let world = World::new(testkit::sqlite().await);
        with_key(&world, "org_a", "key of a").await;
        let patience = std::time::Duration::from_mins(10);
        let limits =
            SearchLimits { at_once: 1, waiting_bytes: 16 << 10, patience, ..SearchLimits::default() };
        let (ports, gated, webhooks) = within(&world, limits);
        gated.shut(true);
        let mut searches = tokio::task::JoinSet::new();
        for number in 0..4 {
            let (ports, webhooks) = (ports.clone(), webhooks.clone());
            searches.spawn(async move {
                accept_call_webhook(&ports, &webhooks, &delivery("key of a", &number.to_string())).await
            });
        }
        for _ in 0..2 {
            let told = searches.join_next().await.unwrap().unwrap();
            assert!(matches!(told, Err(AcceptError::Busy)), "{told:?}");
        }
        gated.shut(false);
        while let Some(found) = searches.join_next().await {
            assert_eq!(found.unwrap().unwrap(), CallWebhookAck::Quarantined);
        }
        assert_eq!(gated.tried.load(Ordering::SeqCst), 2);
        assert_eq!(world.db.number("SELECT count(*) FROM webhook_inbox WHERE company_id = 'org_a'").await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_that_has_waited_long_enough_is_given_up() {
    in_time(async {
        let world = World::new(testkit::sqlite().await);
        with_key(&world, "org_a", "key of a").await;
        let patience = std::time::Duration::from_millis(1);
        let (ports, gated, webhooks) = within(&world, SearchLimits { patience, ..SearchLimits::default() });
        gated.shut(true);
        let (first_ports, first_webhooks) = (ports.clone(), webhooks.clone());
        let first = tokio::spawn(async move {
            accept_call_webhook(&first_ports, &first_webhooks, &delivery("key of a", "1")).await
        });
        while gated.tried.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let second = accept_call_webhook(&ports, &webhooks, &delivery("key of a", "2")).await;
        assert!(matches!(second, Err(AcceptError::Busy)), "{second:?}");
        gated.shut(false);
        assert_eq!(first.await.unwrap().unwrap(), CallWebhookAck::Quarantined);
        // the turn is free again
        let third = accept_call_webhook(&ports, &webhooks, &delivery("key of a", "3")).await.unwrap();
        assert_eq!(third, CallWebhookAck::Quarantined);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_for_so_many_companies_is_not_looked_for() {
    let world = World::new(testkit::sqlite().await);
    with_key(&world, "org_a", "key of a").await;
    let (ports, gated, webhooks) = within(&world, SearchLimits { most_bytes: 10, ..SearchLimits::default() });
    let long = accept_call_webhook(&ports, &webhooks, &delivery("key of a", "12345678901")).await;
    assert!(matches!(long, Err(AcceptError::BadSignature)), "{long:?}");
    assert_eq!(gated.tried.load(Ordering::SeqCst), 0);
    accept_call_webhook(&ports, &webhooks, &delivery("key of a", "1234567890")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_away_is_found_for_a_minute_and_only_to_set_aside() {
    let world = World::new(testkit::sqlite().await);
    with_key(&world, "org_a", "key of old").await;
    let (ports, _, webhooks) = within(&world, SearchLimits::default());
    let send =
        async |key: &str, body: &str| accept_call_webhook(&ports, &webhooks, &delivery(key, body)).await;
    send("key of old", "1").await.unwrap();
    with_key(&world, "org_a", "key of new").await;
    assert_eq!(send("key of old", "2").await.unwrap(), CallWebhookAck::Quarantined);
    world.clock.advance(chrono::Duration::seconds(61));
    assert!(matches!(send("key of old", "3").await, Err(AcceptError::BadSignature)));
    assert_eq!(send("key of new", "4").await.unwrap(), CallWebhookAck::Quarantined);
    // a clock set back is no reason to go on with old keys
    world.clock.advance(chrono::Duration::hours(-1));
    with_key(&world, "org_a", "key of newest").await;
    assert_eq!(send("key of newest", "5").await.unwrap(), CallWebhookAck::Quarantined);
    assert_eq!(world.db.rows("calls").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_company_s_broken_secret_is_not_the_others_trouble() {
    let world = World::new(testkit::sqlite().await);
    with_key(&world, "org_b", "key of b").await;
    world.db.run("UPDATE provider_credentials SET ciphertext = x'00'").await;
    with_key(&world, "org_c", "key of c").await;
    let (ports, _, webhooks) = within(&world, SearchLimits::default());
    let kept = accept_call_webhook(&ports, &webhooks, &delivery("key of c", "1")).await.unwrap();
    assert_eq!(kept, CallWebhookAck::Quarantined);
}
