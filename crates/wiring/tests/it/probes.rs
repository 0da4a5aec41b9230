//! What answers without a token: probes, documents; and what browsers ask before they ask.

use std::{sync::Arc, time::Duration};

use http_api::{ProbeState, bind, run_probes};
use reqwest::{Client, Method, header::HeaderMap};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    answer::{Answer, answer},
    bench::{Bench, Wanted},
};

#[tokio::test]
async fn probes_answer_without_a_token() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let health = bench.get("/health").await.is(200);
        assert_eq!(health.header("cache-control"), Some("no-store"));
        let health = health.json();
        assert_eq!(health["status"], "healthy");
        assert_eq!(health["checks"], json!({ "database": true, "redis": true }));
        assert_eq!(bench.get("/health/live").await.is(200).json(), json!({ "status": "alive" }));
        for path in ["/health/ready", "/ready"] {
            assert_eq!(bench.get(path).await.is(200).json()["ready"], true);
        }
        let detailed = bench.get("/health/detailed").await.is(200).json();
        assert_eq!(detailed["checks"]["database"], json!({ "ok": true }));
        assert_eq!(detailed["status"], "healthy");
        bench.get("/metrics").await.is(200);
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_said_without_its_words() {
    let bench = Bench::postgres().await;
    let url = bench.database.url();
    let name = url.rsplit('/').next().unwrap();
    bench.database.cut_off().await;
    for path in ["/health", "/health/ready", "/ready", "/health/detailed"] {
        let answered = bench.get(path).await.is(503);
        let text = answered.text.to_lowercase();
        for word in ["postgres", "connection", "error", name] {
            assert!(!text.contains(word), "{path}: {text}");
        }
    }
    assert_eq!(bench.get("/health").await.json()["status"], "unhealthy");
    bench.get("/health/live").await.is(200);
    let refused = bench.get("/api/v1/calls").await;
    refused.is_error(503, "DATABASE_ERROR");
    assert!(refused.header("retry-after").is_some());
    assert!(refused.header("x-trace-id").is_some());
    let body = crate::callrail::payload(&bench.tenants[0], "CAL1").to_string();
    bench.callrail("/callrail/call.completed", body).await.is_error(503, "DATABASE_ERROR");
}

#[tokio::test]
async fn the_documents_need_no_other_server() {
    let bench = Bench::sqlite().await;
    let page = bench.get("/docs").await.is(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(!page.text.contains("://"), "{}", page.text);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let addresses = page.text.split(['"', '\'']).filter(|part| part.starts_with('/'));
    let mut assets = 0;
    for address in addresses {
        let asset = bench.client.get(format!("{}{address}", bench.url)).send().await.unwrap();
        assert_eq!(asset.status(), 200, "{address}");
        assert!(asset.content_length() != Some(0));
        assets += 1;
    }
    assert_eq!(assets, 3);
    let style = bench.client.get(format!("{}/docs/swagger-ui.css", bench.url)).send().await.unwrap();
    assert_eq!(style.headers()["content-encoding"], "gzip");
    for nowhere in ["/docs/..%2f..%2fCargo.toml", "/docs/no.css", "/docs/%2e%2e", "/docs/swagger-ui.css.gz"] {
        bench.get(nowhere).await.is_error(404, "NOT_FOUND");
    }
    let document = bench.get("/openapi.json").await.is(200).json();
    assert_eq!(document["openapi"], "3.1.0");
}

#[tokio::test]
async fn whoever_may_get_may_ask_for_the_head_alone() {
    let bench = Bench::sqlite().await;
    for path in ["/health", "/api/v1/calls", "/openapi.json", "/docs", "/api/v1/leads", "/console"] {
        let full = bench.client.get(format!("{}{path}", bench.url)).send().await.unwrap();
        let head = answer(bench.request(Method::HEAD, path)).await.is(200);
        assert_eq!(head.text, "");
        assert_eq!(head.headers.get("content-type"), full.headers().get("content-type"), "{path}");
    }
    answer(bench.request(Method::HEAD, "/callrail/call.completed")).await.is(405);
    answer(bench.request(Method::HEAD, "/nowhere")).await.is(404);
}

async fn preflight(bench: &Bench, path: &str, origin: &str, method: &str) -> Answer {
    let request = bench
        .request(Method::OPTIONS, path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", method)
        .header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key,if-match");
    answer(request).await
}

fn cors_headers(headers: &HeaderMap) -> Vec<&str> {
    headers
        .keys()
        .map(reqwest::header::HeaderName::as_str)
        .filter(|name| name.starts_with("access-control"))
        .collect()
}

const APP: &str = "https://app.otto.example";

async fn browsed() -> Bench {
    let origins = format!("{APP},https://*.preview.example,exp://*");
    let wanted = Wanted { settings: vec![("ALLOWED_ORIGINS", origins)], ..Wanted::default() };
    Bench::new(testkit::sqlite().await, wanted).await
}

#[tokio::test]
async fn a_preflight_needs_no_token_and_no_known_path() {
    let bench = browsed().await;
    for path in ["/api/v1/calls", "/api/v1/leads/1", "/nowhere", "/health", "/callrail/call.completed"] {
        for method in ["GET", "POST", "PATCH", "DELETE"] {
            let allowed = preflight(&bench, path, APP, method).await;
            assert!(matches!(allowed.status, 200 | 204), "{path}: {} {}", allowed.status, allowed.text);
            assert_eq!(allowed.header("access-control-allow-origin"), Some(APP));
            assert_eq!(allowed.header("access-control-allow-credentials"), Some("true"));
            let headers = allowed.header("access-control-allow-headers").unwrap().to_lowercase();
            for name in ["authorization", "content-type", "idempotency-key", "if-match"] {
                assert!(headers.contains(name), "{headers}");
            }
            assert!(allowed.header("access-control-allow-methods").unwrap().contains(method));
        }
    }
    let wild = preflight(&bench, "/api/v1/calls", "https://pr-7.preview.example", "GET").await;
    assert_eq!(wild.header("access-control-allow-origin"), Some("https://pr-7.preview.example"));
}

#[tokio::test]
async fn an_origin_that_is_not_allowed_gets_no_cors_headers() {
    let bench = browsed().await;
    for origin in [
        "https://evil.example",
        "null",
        "https://app.otto.example.evil.example",
        "https://x/.preview.example",
    ] {
        let refused = preflight(&bench, "/api/v1/calls", origin, "GET").await;
        assert_eq!(cors_headers(&refused.headers), Vec::<&str>::new(), "{origin}");
        assert!(refused.status < 500);
        let plain =
            answer(bench.request(Method::GET, "/api/v1/calls").header("Origin", origin)).await.is(200);
        assert_eq!(plain.header("access-control-allow-origin"), None, "{origin}");
        assert_eq!(plain.header("access-control-allow-credentials"), None, "{origin}");
    }
}

#[tokio::test]
async fn errors_carry_the_same_cors_headers_as_successes() {
    let bench = browsed().await;
    let from_app = |path: &str| bench.request(Method::GET, path).header("Origin", APP);
    let found = answer(from_app("/api/v1/calls")).await.is(200);
    let expected: Vec<Option<String>> = said(&found);
    assert_eq!(expected[0].as_deref(), Some(APP));
    for request in [
        from_app("/nowhere"),
        from_app("/api/v1/calls/7"),
        from_app("/api/v1/calls?limit=0"),
        from_app("/api/v1/calls").bearer_auth("nonsense"),
        from_app("/api/v1/calls").header("X-Company-Id", "another"),
        bench.request(Method::PUT, "/api/v1/calls").header("Origin", APP),
        bench.request(Method::POST, "/callrail/call.completed").header("Origin", APP).body("{}"),
    ] {
        let refused = answer(request).await;
        assert!(refused.status >= 400, "{}", refused.text);
        assert_eq!(said(&refused), expected, "{}", refused.text);
    }
}

fn said(answer: &Answer) -> Vec<Option<String>> {
    let names =
        ["access-control-allow-origin", "access-control-allow-credentials", "access-control-expose-headers"];
    let mut said: Vec<_> = names
        .map(|name| {
            let mut words: Vec<_> = answer.header(name)?.split(", ").map(str::to_lowercase).collect();
            words.sort();
            Some(words.join(", "))
        })
        .into();
    let vary = answer.header("vary").unwrap_or_default().to_lowercase();
    said.push(vary.contains("origin").then(|| "varies".to_owned()));
    said
}

#[tokio::test]
async fn what_is_private_is_not_cached_and_what_is_long_is_compressed() {
    let bench = Bench::sqlite().await;
    for path in ["/api/v1/calls", "/api/v1/dashboard/metrics", "/calls", "/api/v1/pipeline"] {
        assert_eq!(bench.get(path).await.is(200).header("cache-control"), Some("no-store"), "{path}");
    }
    let request = bench.request(Method::GET, "/openapi.json").header("Accept-Encoding", "gzip");
    let zipped = request.send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let document: Value = bench.get("/openapi.json").await.json();
    assert!(document["paths"].is_object());
}

/// What a worker or cron driver answers: it is not ready once it is asked to stop, and lives on until it has.
#[tokio::test]
async fn a_process_without_a_server_answers_until_it_has_stopped() {
    let bench = Bench::postgres().await;
    let bound = bind(([127, 0, 0, 1], 0).into()).unwrap();
    let url = format!("http://{}", bound.address);
    let stopping = CancellationToken::new();
    let metrics = Arc::new(|| "otto_build_info 1\n".to_owned());
    let state = ProbeState { ports: bench.otto.ports.clone(), metrics, stopping: stopping.clone() };
    let mut probes = run_probes(bound, state).unwrap();
    let http = Client::builder().no_proxy().timeout(Duration::from_mins(1)).build().unwrap();
    let get = async |path: &str| {
        let answer = http.get(format!("{url}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let field = |body: &str, name: &str| serde_json::from_str::<Value>(body).unwrap()[name].clone();
    let asking = async {
        assert_eq!(get("/health/live").await.0, 200);
        assert_eq!(get("/health/ready").await.0, 200);
        assert_eq!(get("/metrics").await, (200, "otto_build_info 1\n".to_owned()));
        assert_eq!(get("/api/v1/calls").await.0, 404);
        stopping.cancel();
        let (status, body) = get("/health/ready").await;
        assert_eq!((status, field(&body, "stopping")), (503, true.into()));
        assert_eq!(get("/health/live").await.0, 200);
        bench.database.cut_off().await;
        let (status, body) = get("/health/ready").await;
        assert_eq!((status, field(&body, "ready")), (503, false.into()));
    };
    tokio::select! {
        ended = &mut probes.ended => panic!("{ended:?}"),
        () = asking => {}
    }
    let ((), ended) = tokio::join!(probes.stop(), probes.ended);
    ended.unwrap();
    assert!(http.get(format!("{url}/health/live")).send().await.is_err());
}
