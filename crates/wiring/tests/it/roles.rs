//! Who may do what, as answered over HTTP: for every route of the table, every role and nobody.

use std::{collections::BTreeMap, fmt::Write as _};

use rbac::Access;
use reqwest::Method;
use serde_json::Value;
use simulators::SimulatorSecrets;

use crate::{
    answer::answer,
    bench::{Bench, Wanted},
    seeded::Seeded,
};

const ROLES: [&str; 3] = ["manager", "csr", "sales_rep"];

fn routes() -> Vec<rbac::Route> {
    http_api::RouteTable::new(console::ROUTES).routes()
}

/// Only the status: some answers never end.
async fn status(bench: &Bench, method: rbac::Method, path: &str, token: Option<&str>) -> u16 {
    let method = Method::from_bytes(method.as_str().as_bytes()).unwrap();
    let request = bench.request(method, path);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.unwrap().status().as_u16()
}

/// An Otto as it stands in production, where nobody has a way in but providers.
async fn in_production() -> Bench {
    let secrets = SimulatorSecrets::default();
    let set = [
        ("ENVIRONMENT", "production"),
        ("DEV_MODE", "false"),
        ("HOST", "127.0.0.1"),
        ("BACKEND_URL", "https://otto.example"),
        ("OTTO_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("CALLRAIL_API_KEY", secrets.callrail_api_key.expose()),
        ("CALLRAIL_ACCOUNT_ID", &secrets.callrail_account_id),
        ("UWC_API_KEY", secrets.shunya_api_key.expose()),
        // one that is not there: Otto does without
        ("REDIS_URL", "redis://127.0.0.1:9"),
        ("CLERK_SECRET_KEY", "sk_live_1"),
        ("CLERK_ISSUER", "https://clerk.otto.example"),
        ("CLERK_WEBHOOK_SECRET", "whsec_MDEy"),
        ("TWILIO_ACCOUNT_SID", &secrets.twilio_account_sid),
        ("TWILIO_AUTH_TOKEN", secrets.twilio_auth_token.expose()),
        ("TWILIO_FROM_NUMBER", "+16025550100"),
        ("TWILIO_CALLBACK_NUMBER", "+16025550101"),
    ];
    let settings = set.map(|(name, value)| (name, value.to_owned())).into();
    Bench::new(testkit::postgres().await, Wanted { settings, ..Wanted::default() }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_matrix_is_as_checked_in() {
    let seeded = Seeded::new(testkit::sqlite().await).await;
    let production = in_production().await;
    let mut text = String::from(
        "# What each route answers to each role, as a test asked it. OTTO_TEST_REWRITE=1 rewrites this.\n",
    );
    let mut refused: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for route in routes() {
        let path = seeded.at(route.path).await;
        let mut line = format!("{:<5}{:<50}", route.method.as_str(), route.path);
        for role in ROLES {
            let got = status(&seeded.bench, route.method, &path, Some(&format!("dev:{role}"))).await;
            write!(line, " {role} {got}").unwrap();
            assert!(got < 500, "{line}");
            if got == 403 {
                refused.entry(route.operation).or_default().push(role);
            }
        }
        let nobody = status(&production, route.method, &path, None).await;
        write!(line, " nobody {nobody}").unwrap();
        match route.access {
            Access::Permission(_) | Access::Signature => assert_eq!(nobody, 401, "{line}"),
            Access::SignedLink => assert_eq!(nobody, 403, "{line}"),
            Access::Public => assert!(!matches!(nobody, 401 | 403), "{line}"),
        }
        writeln!(text, "{line}").unwrap();
    }
    // and it is what the contract says: a role that is not listed is refused, one that is listed is not
    let contract: Value =
        serde_json::from_str(include_str!("../../../http-api/contract/operations.json")).unwrap();
    for operation in contract["operations"].as_array().unwrap() {
        let id = operation["id"].as_str().unwrap();
        let served = routes().iter().any(|route| route.operation == id);
        if !served || operation["auth"] != "jwt" {
            continue;
        }
        for role in ROLES {
            let allowed = operation["roles"].as_array().unwrap().contains(&role.into());
            let was_refused = refused.get(id).is_some_and(|roles| roles.contains(&role));
            assert_eq!(allowed, !was_refused, "{id} {role}");
        }
    }
    crate::snapshot::check("tests/it/roles.txt", &text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_company_s_things_are_not_there() {
    let seeded = Seeded::new(testkit::sqlite().await).await;
    let bench = &seeded.bench;
    let stranger = format!("dev:manager:stranger:{}", bench.tenants[1].company_id);
    let mut asked = 0;
    for route in routes() {
        let takes_an_id = route.path.contains("_id}") || route.path.contains("{id}");
        if !takes_an_id || !matches!(route.access, Access::Permission(_)) {
            continue;
        }
        let path = seeded.at(route.path).await;
        assert_eq!(status(bench, route.method, &path, Some("dev:manager")).await, 200, "{path}");
        let theirs = bench.get_as(&stranger, &path).await;
        assert_eq!(theirs.status, 404, "{path}");
        if route.path.starts_with("/console") {
            continue;
        }
        // word for word what an id gets that never was
        let never = path.replace(&seeded.call, "999999999");
        let never = [&seeded.contact, &seeded.lead, &seeded.task, &seeded.appointment]
            .into_iter()
            .fold(never, |path, id| path.replace(id.as_str(), "00000000-0000-7000-8000-000000000000"));
        let unknown = bench.get_as(&stranger, &never).await.json();
        let theirs = theirs.json();
        assert_eq!(
            (&theirs["message"], &theirs["error_code"]),
            (&unknown["message"], &unknown["error_code"])
        );
        asked += 1;
    }
    assert_eq!(asked, 8);
    for (path, list) in [
        ("/api/v1/calls".to_owned(), "/data/calls"),
        (format!("/api/v1/calls?contact_card_id={}", seeded.contact), "/data/calls"),
        (format!("/api/v1/calls?lead_id={}", seeded.lead), "/data/calls"),
        ("/calls".to_owned(), "/calls"),
        ("/api/v1/leads".to_owned(), "/data"),
        ("/api/v1/leads?search=a".to_owned(), "/data"),
        (format!("/api/v1/tasks?lead_id={}", seeded.lead), "/data/tasks"),
        (format!("/api/v1/key-signals?lead_id={}", seeded.lead), "/data/signals"),
        (seeded.at("/api/v1/appointments").await, "/data/appointments"),
        ("/api/v1/dashboard/calls?status=all".to_owned(), "/data/calls"),
        ("/api/v1/dashboard/top-objections".to_owned(), "/data"),
    ] {
        let body = bench.get_as(&stranger, &path).await.is(200).json();
        assert_eq!(body.pointer(list), Some(&serde_json::json!([])), "{path}");
    }
    let phone = seeded.at("/api/v1/contact-cards/by-phone").await;
    bench.get(&phone).await.is(200);
    bench.get_as(&stranger, &phone).await.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_token_that_is_not_one_is_refused() {
    let bench = Bench::sqlite().await;
    for (token, status, code) in [
        ("nonsense", 401, "INVALID_TOKEN"),
        ("", 401, "INVALID_TOKEN"),
        ("dev:root", 403, "INVALID_USER_ROLE"),
        ("dev:", 403, "MISSING_USER_ROLE"),
        ("dev:manager:u1:", 401, "MISSING_TENANT_ID"),
        ("dev:manager:../..", 401, "INVALID_TOKEN"),
        ("eyJhbGciOiJub25lIn0.eyJyb2xlIjoibWFuYWdlciJ9.", 401, "INVALID_TOKEN"),
    ] {
        let request =
            bench.request(Method::GET, "/api/v1/calls/1").header("Authorization", format!("Bearer {token}"));
        let refused = answer(request).await;
        refused.is_error(status, code);
        assert_eq!(refused.header("www-authenticate"), (status == 401).then_some("Bearer"), "{token}");
    }
    let basic = bench.request(Method::GET, "/api/v1/calls").header("Authorization", "Basic ZGV2Og==");
    answer(basic).await.is_error(401, "INVALID_TOKEN");
    let binary =
        bench.request(Method::GET, "/api/v1/calls").header("Authorization", b"Bearer \xff\xfe".as_slice());
    answer(binary).await.is_error(401, "INVALID_TOKEN");
}

#[tokio::test]
async fn who_may_not_is_told_so_before_what_is_wrong_with_the_request() {
    let bench = Bench::sqlite().await;
    let refused = bench.get_as("dev:csr", "/api/v1/pipeline?nonsense=%00").await;
    refused.is_error(403, "INSUFFICIENT_PERMISSIONS");
}

#[tokio::test]
async fn development_s_sign_in_stays_in_development() {
    let production = in_production().await;
    for path in ["/api/v1/calls", "/api/v1/leads", "/console", "/calls"] {
        production.get(path).await.is_error(401, "UNAUTHORIZED");
        let cookie = production.request(Method::GET, path).header("Cookie", "otto_dev_role=manager");
        answer(cookie).await.is_error(401, "UNAUTHORIZED");
        let token = format!("dev:manager:u1:{}", production.tenants[0].company_id);
        production.get_as(&token, path).await.is_error(401, "INVALID_TOKEN");
    }
    let body = crate::callrail::payload(&production.tenants[0], "CAL1").to_string();
    production.callrail("/callrail/call.completed", body).await.is(200);
    let detailed = production.get("/health/detailed").await.is(200).json();
    assert_eq!(detailed["providers"], Value::Null, "providers' addresses are told in development only");

    for environment in ["staging", "production"] {
        let given = [("ENVIRONMENT", environment), ("DEV_MODE", "true")];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let problems = settings::read(&given).unwrap_err();
        assert!(problems.0.iter().any(|problem| problem.name == "DEV_MODE"), "{problems}");
    }
}
