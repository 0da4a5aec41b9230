//! Nothing secret and nothing personal reaches a log, however much is logged.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use reqwest::Method;
use simulators::corpus;
use telemetry::{LogFormat, layer};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    answer::answer,
    bench::{Bench, Wanted},
    callrail::payload,
    seeded::{CONVERSATIONS, Seeded},
};

/// Every crate of ours at its most talkative, everybody else as usual; the stand-ins are not part of Otto.
const FILTER: &str = "info,simulators=off,app=trace,auth_dev=trace,blob_fs=trace,cache_memory=trace,calls=trace,\
    console=trace,crm=trace,engine_shunya=trace,http_api=trace,idempotency=trace,insights=trace,kernel=trace,\
    provider_callrail=trace,queue=trace,rbac=trace,settings=trace,shunya_jobs=trace,store_sql=trace,telemetry=trace,\
    tenancy=trace,vault=trace,wiring=trace";

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Words nobody but the conversation would say: its longer sentences.
fn sentences(conversation: &str) -> Vec<String> {
    let talk = corpus::find(conversation).unwrap();
    talk.turns.iter().map(|turn| turn.text.clone()).filter(|text| text.len() > 25).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_secret_or_personal_is_logged() {
    let (readable, json) = (Kept::default(), Kept::default());
    let (to_people, to_machines) = (readable.clone(), json.clone());
    // for the whole process: what other tests do meanwhile may not be logged either
    tracing_subscriber::registry()
        .with(EnvFilter::new(FILTER))
        .with(layer(LogFormat::Readable, move || to_people.clone()))
        .with(layer(LogFormat::Json, move || to_machines.clone()))
        .init();

    // every statement is as slow as this, and is told of
    let settings = [("OTTO_DB_SLOW_STATEMENT_MS", "0"), ("OTTO_WEBHOOK_PATIENCE_SECONDS", "1")];
    let settings = settings.map(|(name, value)| (name, value.to_owned())).into();
    let wanted = Wanted { pipeline: true, settings, ..Wanted::default() };
    let seeded = Seeded::fill(Bench::new(testkit::postgres().await, wanted).await).await;
    let bench = &seeded.bench;
    for route in http_api::RouteTable::new(console::ROUTES).routes() {
        if route.path == "/console/live" {
            continue;
        }
        let method = Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
        let request =
            bench.request(method, &seeded.at(route.path).await).bearer_auth("dev:manager:person-of-note");
        answer(request).await;
    }
    // things that go wrong are logged the most
    let mut odd = payload(&bench.tenants[0], "CALodd");
    odd["customer_name"] = serde_json::json!(["Quincy Oddfellow"]);
    odd["customer_phone_number"] = "602-555-01998877".into();
    bench.callrail("/callrail/call.completed", odd.to_string()).await.is(200);
    bench.callrail("/callrail/call.completed", odd.to_string().replace("\"61\"", "Oddfellow")).await.is(202);
    answer(
        bench
            .request(Method::POST, "/pre-call")
            .header("Signature", "c2lnbmF0dXJlLW9mLW5vdGU=")
            .body(odd.to_string()),
    )
    .await
    .is(401);
    bench.shunya(r#"{"customer":"Quincy Oddfellow"}"#).await;
    for path in
        ["/api/v1/leads?search=Oddfellow", "/api/v1/calls?phone_number=6025550199887", "/nowhere/Oddfellow"]
    {
        bench.get(path).await;
    }
    bench.database.cut_off().await;
    bench.get("/api/v1/leads?search=Oddfellow").await.is(503);
    bench
        .callrail("/callrail/call.completed", payload(&bench.tenants[0], "CALlast").to_string())
        .await
        .is(503);

    let mut never: Vec<(String, String)> = vec![
        ("a name".to_owned(), "Oddfellow".to_owned()),
        ("a number".to_owned(), "5550199".to_owned()),
        ("a signature".to_owned(), "c2lnbmF0dXJlLW9mLW5vdGU".to_owned()),
        ("a token".to_owned(), "dev:manager".to_owned()),
        ("a tenant's key".to_owned(), seeded.tenant_key.clone()),
        ("a link".to_owned(), seeded.media.split_once("signature=").unwrap().1.to_owned()),
        ("a platform's key".to_owned(), "bench-platform-signing-key".to_owned()),
        ("the database's address".to_owned(), bench.database.url()),
    ];
    let secrets = bench.simulators.as_ref().unwrap().secrets();
    for secret in [&secrets.callrail_api_key, &secrets.shunya_api_key, &secrets.shunya_hmac_secret] {
        never.push(("an API key".to_owned(), secret.expose().clone()));
    }
    never.push(("a JWT secret".to_owned(), secrets.shunya_jwt_secret.as_ref().unwrap().expose().clone()));
    never.push(("any JWT".to_owned(), "eyJ".to_owned()));
    for tenant in &bench.tenants {
        never.push(("a signing key".to_owned(), tenant.signing_key.expose().clone()));
        never.extend(tenant.tracking_numbers.iter().map(|number| ("a number".to_owned(), digits(number))));
    }
    for conversation in CONVERSATIONS {
        let talk = corpus::find(conversation).unwrap();
        never.push(("a name".to_owned(), talk.caller.last_name.clone()));
        never.extend(sentences(conversation).into_iter().map(|text| ("what was said".to_owned(), text)));
    }
    for number in bench_numbers(&seeded) {
        never.push(("a number".to_owned(), number));
    }
    for (format, text) in [("readable", readable.text()), ("json", json.text())] {
        assert!(text.lines().count() > 100, "{format}: only {} lines were logged", text.lines().count());
        assert!(text.contains("answered"), "{format}: nothing of the API");
        assert!(text.contains("store.webhook_inbox.store"), "{format}: nothing of the store");
        // a number in whatever way it is written is these digits in a row
        let bare: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '+')).collect();
        for (what, word) in &never {
            let is_number = word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_digit());
            let found = text.lines().find(|line| line.contains(word.as_str()));
            assert_eq!(found, None, "{format}: {what} ({word}) was logged");
            assert!(!is_number || !bare.contains(word.as_str()), "{format}: {what} ({word}) was logged");
        }
    }
}

/// The ten digits of a number.
fn digits(number: &str) -> String {
    number.trim_start_matches("+1").to_owned()
}

/// The customers' numbers.
fn bench_numbers(seeded: &Seeded) -> Vec<String> {
    seeded.phones.iter().map(|phone| digits(phone)).collect()
}
