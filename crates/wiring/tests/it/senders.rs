//! Whose a webhook is that does not say so, or says it wrongly: whoever signed it. It is kept under their name and under
//! no other, and applied to nobody before a person has looked at it.

use app::ingest::{ReplayError, replay_webhook};
use idempotency::InboxState;
use kernel::{CompanyId, InboxId, Secret};
use reqwest::Method;
use serde_json::json;
use simulators::{SimulatedTenant, callrail_signature};
use wiring::{NewTenant, set_up_tenant};

use crate::{
    answer::{Answer, answer},
    bench::{Bench, as_configured},
    callrail::payload,
};

const COMPLETED: &str = "/callrail/call.completed";

/// A webhook signed with a key.
async fn send(bench: &Bench, path: &str, media: &str, key: &str, body: &[u8]) -> Answer {
    let request = bench.request(Method::POST, path).header("Signature", callrail_signature(key, body));
    answer(request.header("Content-Type", media).body(body.to_vec())).await
}

async fn json_signed_by(bench: &Bench, signer: usize, body: &str) -> Answer {
    let key = bench.tenants[signer].signing_key.expose();
    send(bench, COMPLETED, "application/json", key, body.as_bytes()).await
}

/// Every stored webhook as `company state reason`, oldest first; a number for a company of the bench.
async fn kept(bench: &Bench) -> Vec<String> {
    let rows = "SELECT coalesce(company_id, 'nobody') || ' ' || state || ' ' || coalesce(reason, '-') \
                FROM webhook_inbox ORDER BY received_at, id";
    let mut lines = bench.database.texts(rows).await;
    for (number, tenant) in bench.tenants.iter().enumerate() {
        for line in &mut lines {
            *line = line.replace(&tenant.company_id, &number.to_string());
        }
    }
    lines
}

fn quarantined(answer: &Answer) {
    assert_eq!((answer.status, answer.json()), (202, json!({ "status": "quarantined" })), "{}", answer.text);
}

async fn newest(bench: &Bench) -> InboxId {
    let one = app::ports::InboxFilter { limit: 1, ..Default::default() };
    bench.otto.ports.inbox_office.list(&one).await.unwrap()[0].id
}

async fn unreadable_bodies(bench: Bench) {
    let torn: &[&[u8]] = &[
        b"{\"resource_id\": \"CAL1\", ",
        b"no JSON at all",
        b"[1, 2]",
        b"\"text\"",
        b"null",
        b" ",
        b"\xff\xfe{}",
        b"\0",
        b"{\"a\":1}{\"b\":2}",
    ];
    for (number, body) in torn.iter().enumerate() {
        let signer = number % 2;
        let key = bench.tenants[signer].signing_key.expose();
        quarantined(&send(&bench, COMPLETED, "application/json", key, body).await);
        assert_eq!(kept(&bench).await.last().unwrap(), &format!("{signer} quarantined malformed_body"));
        // the same again is the same
        let again = send(&bench, COMPLETED, "application/json", key, body).await.is(200).json();
        assert_eq!(again["status"], "duplicate_ignored");
    }
    let key = bench.tenants[1].signing_key.expose();
    let form = "application/x-www-form-urlencoded";
    quarantined(&send(&bench, "/call-complete", form, key, b"{\"resource_id\":\"CAL1\"}").await);
    quarantined(&send(&bench, "/call-complete", form, key, b"a=%FF&\xff").await);
    send(&bench, COMPLETED, "application/xml", key, b"<call/>").await.is_error(415, "INVALID_INPUT");
    assert_eq!(kept(&bench).await.last().unwrap(), "1 quarantined unsupported_media_type");
    assert_eq!(bench.database.rows("calls").await, 0);
    // people find it where it belongs
    let company = CompanyId::try_new(bench.tenants[1].company_id.clone()).unwrap();
    let theirs = app::ports::InboxFilter { company: Some(company), limit: 50, ..Default::default() };
    let lines = bench.otto.ports.inbox_office.list(&theirs).await.unwrap();
    assert_eq!(lines.len(), torn.len() / 2 + 3);
    let refused = replay_webhook(&bench.otto.ports, lines[0].id).await;
    assert!(matches!(refused, Err(ReplayError::Unreadable(_))), "{refused:?}");
}

#[tokio::test]
async fn a_body_nobody_can_read_is_kept_for_whoever_signed_it() {
    unreadable_bodies(Bench::sqlite().await).await;
}

#[tokio::test]
async fn a_body_nobody_can_read_is_kept_for_whoever_signed_it_on_postgresql() {
    unreadable_bodies(Bench::postgres().await).await;
}

#[tokio::test]
async fn a_call_that_names_no_company_is_its_signer_s_once_a_person_says_so() {
    let bench = Bench::sqlite().await;
    quarantined(&json_signed_by(&bench, 1, r#"{"resource_id":"CAL1","duration":"61"}"#).await);
    assert_eq!(kept(&bench).await, ["1 quarantined unknown_tenant"]);
    assert_eq!(bench.database.rows("calls").await, 0);
    let id = bench.only_webhook().await;
    replay_webhook(&bench.otto.ports, id).await.unwrap();
    assert_eq!(bench.state_of(id).await, InboxState::Applied);
    let owners = bench.database.texts("SELECT company_id FROM calls").await;
    assert_eq!(owners, [bench.tenants[1].company_id.clone()]);
}

#[tokio::test]
async fn a_call_that_names_a_company_nobody_knows_waits_until_it_is_known() {
    let bench = Bench::sqlite().await;
    // the second CallRail company of a company of ours, of which nobody told us
    let mut body = payload(&bench.tenants[1], "CAL1");
    body["company_resource_id"] = "COMbrandnew".into();
    body["tracking_phone_number"] = "+12145550199".into();
    quarantined(&json_signed_by(&bench, 1, &body.to_string()).await);
    assert_eq!(kept(&bench).await, ["1 quarantined unknown_tenant"]);
    let id = bench.only_webhook().await;
    let refused = replay_webhook(&bench.otto.ports, id).await;
    assert!(matches!(refused, Err(ReplayError::UnknownTenant)), "{refused:?}");
    let mut known = as_configured(&bench.tenants[1]);
    known.callrail_accounts.push("COMbrandnew".to_owned());
    set_up_tenant(&bench.otto.ports, known).await.unwrap();
    replay_webhook(&bench.otto.ports, id).await.unwrap();
    assert_eq!(
        bench.database.texts("SELECT company_id FROM calls").await,
        [bench.tenants[1].company_id.clone()]
    );
}

async fn anothers_name(bench: Bench) {
    let (a, b) = (bench.tenants[0].clone(), bench.tenants[1].clone());
    let by_account = payload(&a, "CAL1").to_string();
    let mut by_number = payload(&a, "CAL2");
    by_number.as_object_mut().unwrap().remove("company_resource_id");
    // of both at once
    let mut of_both = payload(&a, "CAL3");
    of_both["company_id"] = b.callrail_company_id.into();
    for body in [by_account, by_number.to_string(), of_both.to_string()] {
        // to whoever sent it, it is as wrong as any signature
        json_signed_by(&bench, 1, &body).await.is_error(401, "UNAUTHORIZED");
        assert_eq!(kept(&bench).await.last().unwrap(), "1 quarantined tenant_mismatch");
        let refused = replay_webhook(&bench.otto.ports, newest(&bench).await).await;
        assert!(matches!(refused, Err(ReplayError::TenantMismatch)), "{refused:?}");
    }
    // the platform's key is not a company's that has its own
    let body = payload(&a, "CAL4").to_string();
    let refused =
        send(&bench, COMPLETED, "application/json", "bench-platform-signing-key", body.as_bytes()).await;
    refused.is_error(401, "UNAUTHORIZED");
    assert_eq!(kept(&bench).await.last().unwrap(), "nobody quarantined tenant_mismatch");
    let refused = replay_webhook(&bench.otto.ports, newest(&bench).await).await;
    assert!(matches!(refused, Err(ReplayError::TenantMismatch)), "{refused:?}");
    assert_eq!(bench.database.rows("calls").await, 0);
    // nothing of it is seen by the company it names
    let theirs = format!("SELECT count(*) FROM webhook_inbox WHERE company_id = '{}'", a.company_id);
    assert_eq!(bench.database.number(&theirs).await, 0);
}

#[tokio::test]
async fn an_event_about_one_company_signed_by_another_is_kept_and_written_to_neither() {
    anothers_name(Bench::sqlite().await).await;
}

#[tokio::test]
async fn an_event_about_one_company_signed_by_another_is_kept_and_written_to_neither_on_postgresql() {
    anothers_name(Bench::postgres().await).await;
}

#[tokio::test]
async fn keys_that_were_mixed_up_lose_nothing() {
    let bench = Bench::sqlite().await;
    let set_up = async |tenant: &SimulatedTenant, key: &Secret| {
        let mut wanted = as_configured(tenant);
        wanted.callrail_secrets = vec![("signing_key".to_owned(), key.clone())];
        set_up_tenant(&bench.otto.ports, wanted).await.unwrap();
    };
    let (a, b) = (bench.tenants[0].clone(), bench.tenants[1].clone());
    set_up(&a, &b.signing_key).await;
    set_up(&b, &a.signing_key).await;
    let body = payload(&a, "CAL1").to_string();
    json_signed_by(&bench, 0, &body).await.is_error(401, "UNAUTHORIZED");
    assert_eq!(kept(&bench).await, ["1 quarantined tenant_mismatch"], "under whose key it was signed with");
    set_up(&a, &a.signing_key).await;
    set_up(&b, &b.signing_key).await;
    replay_webhook(&bench.otto.ports, bench.only_webhook().await).await.unwrap();
    assert_eq!(
        bench.database.texts("SELECT company_id FROM calls").await,
        std::slice::from_ref(&a.company_id)
    );
    assert_eq!(kept(&bench).await, ["0 applied replayed"]);
}

#[tokio::test]
async fn what_nobody_signed_leaves_nothing_however_long_it_is() {
    let bench = Bench::sqlite().await;
    let long = vec![b'x'; 5_000_000];
    for body in [&b"{"[..], b"", b"[]", &long] {
        for signature in [
            callrail_signature("nobody's", body),
            String::new(),
            "AAAA".to_owned(),
            "A".repeat(28),
            "=".repeat(28),
            "A".repeat(100_000),
        ] {
            let request = bench.request(Method::POST, COMPLETED).header("Signature", &signature);
            let refused =
                answer(request.header("Content-Type", "application/json").body(body.to_vec())).await;
            let wanted = if signature.len() > 10_000 { 400..500 } else { 401..402 };
            assert!(wanted.contains(&refused.status), "{signature:.30}: {} {}", refused.status, refused.text);
        }
    }
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
}

#[tokio::test]
async fn a_header_said_twice_says_nothing() {
    let bench = Bench::sqlite().await;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    let right = callrail_signature(bench.tenants[0].signing_key.expose(), body.as_bytes());
    for (first, second) in [(right.as_str(), "AAAA"), ("AAAA", right.as_str()), (&right, &right)] {
        let request = bench.request(Method::POST, COMPLETED).header("Signature", first);
        answer(request.header("Signature", second).body(body.clone())).await.is_error(401, "UNAUTHORIZED");
    }
    // letters of a header's name are the same in either case, and blanks around its value are none of it
    let request = bench.request(Method::POST, COMPLETED).header("sIGNATURE", format!("  {right} "));
    answer(request.body(body)).await.is(200);
}

/// The platform's signature of nothing is the same whoever it is about, so nothing beside it may say so.
#[tokio::test]
async fn the_platform_s_signature_of_nothing_writes_to_nobody() {
    let bench = Bench::sqlite().await;
    let keyless = NewTenant { callrail_secrets: Vec::new(), ..as_configured(&bench.tenants[2]) };
    set_up_tenant(&bench.otto.ports, keyless).await.unwrap();
    let query =
        format!("company_resource_id={}&resource_id=CAL1", bench.tenants[2].callrail_company_resource_id);
    let key = "bench-platform-signing-key";
    let sent = send(&bench, &format!("{COMPLETED}?{query}"), "application/json", key, b"").await;
    quarantined(&sent);
    assert_eq!(kept(&bench).await, ["nobody quarantined unsigned_tenant"]);
    assert_eq!(bench.database.rows("calls").await, 0);
}
