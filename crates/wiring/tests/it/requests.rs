//! Requests nobody should have sent: each is refused in the one shape, naming what is wrong.

use reqwest::Method;
use serde_json::Value;

use crate::{answer::answer, bench::Bench};

#[tokio::test]
async fn a_path_nobody_serves_is_not_found() {
    let bench = Bench::sqlite().await;
    for path in
        ["/nowhere", "/api/v1", "/api/v1/callz", "/api/v2/calls", "/t/key", "/callrail", "/call/", "/media"]
    {
        let refused = bench.get(path).await;
        assert_eq!(refused.is_error(404, "NOT_FOUND")["instance"], path);
        answer(bench.request(Method::POST, path).body("{}")).await.is_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_not_allowed() {
    let bench = Bench::sqlite().await;
    let trace = Method::from_bytes(b"TRACE").unwrap();
    let made_up = Method::from_bytes(b"FETCH").unwrap();
    for method in [Method::PUT, Method::PATCH, Method::DELETE, trace, made_up] {
        for path in
            ["/api/v1/calls", "/api/v1/calls/1", "/callrail/call.completed", "/health", "/openapi.json"]
        {
            answer(bench.request(method.clone(), path)).await.is_error(405, "METHOD_NOT_ALLOWED");
        }
    }
    bench.get("/callrail/call.completed").await.is_error(405, "METHOD_NOT_ALLOWED");
    answer(bench.request(Method::POST, "/api/v1/calls")).await.is_error(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn paths_work_with_and_without_a_slash_at_the_end() {
    let bench = Bench::sqlite().await;
    for path in ["/api/v1/calls", "/api/v1/leads", "/calls", "/health", "/docs", "/console", "/openapi.json"]
    {
        bench.get(&format!("{path}/")).await.is(200);
    }
    bench.get("/api/v1/calls/1/").await.is_error(404, "CALL_NOT_FOUND");
}

#[tokio::test]
async fn an_id_that_cannot_be_is_not_found() {
    let bench = Bench::sqlite().await;
    let calls = ["/api/v1/calls", "/api/v1/calls/call", "/call"];
    for bad in
        ["0", "-1", "9223372036854775808", "1.0", "one", "%20", "%00", "1%00", "%F0%9F%8F%A0", "%27%20OR%201"]
    {
        for base in calls {
            bench.get(&format!("{base}/{bad}")).await.is_error(404, "CALL_NOT_FOUND");
        }
        bench.get(&format!("/api/v1/calls/{bad}/analysis")).await.is_error(404, "CALL_NOT_FOUND");
        for base in ["contact-cards", "leads", "tasks", "appointments"] {
            bench.get(&format!("/api/v1/{base}/{bad}")).await.is_error(404, "NOT_FOUND");
        }
    }
}

/// Values no parameter of a kind can have.
fn wrong_values(schema: &Value) -> Vec<String> {
    let out_of_range = |name: &str, by: i64| schema[name].as_i64().map(|bound| (bound + by).to_string());
    let format = schema["format"].as_str().unwrap_or_default();
    let mut wrong: Vec<String> = Vec::new();
    match schema["type"].as_str() {
        Some("integer") => {
            wrong
                .extend(["x", "1.5", "1e3", "9223372036854775808", "%F0%9F%8F%A0", "%00"].map(str::to_owned));
            wrong.extend(out_of_range("minimum", -1));
            wrong.extend(out_of_range("maximum", 1));
        }
        Some("boolean") => wrong.extend(["maybe", "2", "%00"].map(str::to_owned)),
        _ if schema["enum"].is_array() || format.starts_with("csv") => {
            wrong.extend(["no_such", "%00", "%27"].map(str::to_owned));
        }
        _ if format.contains("date") || format.contains("YYYY") => {
            wrong.extend(
                ["yesterday", "2026-02-30", "2026-13-01", "%2B262142-01-01", "-262000-01-01", "0", "%00"]
                    .map(str::to_owned),
            );
        }
        _ => {}
    }
    wrong
}

async fn wrong_parameters_are_named(bench: &Bench) {
    let document = bench.get("/openapi.json").await.is(200).json();
    let mut tried = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let parameters = methods["get"]["parameters"].as_array();
        for parameter in parameters.into_iter().flatten().filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().unwrap();
            if path == "/media/{key}" {
                continue;
            }
            for value in wrong_values(&parameter["schema"]) {
                let mut query = format!("{name}={value}");
                if path == "/api/v1/dashboard/calls" && name != "status" {
                    query.push_str("&status=all");
                }
                let refused = bench.get(&format!("{path}?{query}")).await;
                assert_eq!(refused.status, 400, "{path}?{query}: {}", refused.text);
                refused.names(&[name]);
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "only {tried} tried");
}

#[tokio::test]
async fn every_parameter_that_cannot_be_read_is_named() {
    wrong_parameters_are_named(&Bench::sqlite().await).await;
}

#[tokio::test]
async fn every_parameter_that_cannot_be_read_is_named_on_postgresql() {
    wrong_parameters_are_named(&Bench::postgres().await).await;
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    let bench = Bench::sqlite().await;
    bench
        .get("/api/v1/calls?limit=0&missed=perhaps&stage=nowhere")
        .await
        .names(&["limit", "stage", "missed"]);
    bench.get("/api/v1/tasks?due_after=2026-02-02&due_before=2026-01-01").await.names(&["due_after"]);
    bench.get("/api/v1/calls?date_from=2026-02-02&date_to=2026-01-01").await.names(&["date_from"]);
    bench
        .get("/api/v1/dashboard/booking-rate?start_date=2026-02-02&end_date=2026-01-01")
        .await
        .names(&["start_date"]);
    bench.get("/api/v1/dashboard/calls").await.names(&["status"]);
    bench.get("/api/v1/contact-cards/by-phone").await.names(&["phone_number"]);
    bench.get("/api/v1/contact-cards/by-phone?phone_number=anonymous").await.names(&["phone_number"]);
    bench.get("/api/v1/calls?phone_number=12").await.names(&["phone_number"]);
    bench.get("/api/v1/calls?owner_id=a%20b").await.names(&["owner_id"]);
    bench.get("/api/v1/leads?status=new,lukewarm").await.names(&["status"]);
}

#[tokio::test]
async fn what_nobody_knows_or_is_empty_or_is_said_twice_does_no_harm() {
    let bench = Bench::sqlite().await;
    for query in ["?no_such=1", "?limit=&status=&missed=", "?limit=0&limit=5", "?", "?&&=&=x", "?%FF=%FE"] {
        let page = bench.get(&format!("/api/v1/calls{query}")).await.data();
        assert!(page["calls"].is_array(), "{query}");
    }
    bench.get("/api/v1/calls?limit=5&limit=0").await.names(&["limit"]);
    // an id nobody could have filters everything out
    for query in ["lead_id=one", "contact_card_id=%27%3B--", "lead_id=%F0%9F%8F%A0"] {
        assert_eq!(bench.get(&format!("/api/v1/calls?{query}")).await.data()["calls"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn a_company_named_beside_the_token_must_be_the_token_s() {
    let bench = Bench::sqlite().await;
    let (own, other) = (&bench.tenants[0].company_id, &bench.tenants[1].company_id);
    for path in ["/api/v1/calls", "/api/v1/dashboard/metrics", "/api/v1/leads", "/api/v1/tasks", "/calls"] {
        bench.get(&format!("{path}?company_id={own}")).await.is(200);
        bench.get(&format!("{path}?company_id={other}")).await.is_error(403, "FORBIDDEN");
        let named = bench.request(Method::GET, path).header("X-Company-Id", other);
        answer(named).await.is_error(403, "FORBIDDEN");
        answer(bench.request(Method::GET, path).header("X-Company-Id", own)).await.is(200);
        let both = bench.request(Method::GET, path).header("X-Company-Id", own).header("X-Company-Id", other);
        answer(both).await.is_error(403, "FORBIDDEN");
    }
}

#[tokio::test]
async fn a_page_behind_the_end_is_empty_with_the_right_total() {
    let bench = Bench::sqlite().await;
    let far = i64::MAX;
    for database in [bench, Bench::postgres().await] {
        let leads = database.get(&format!("/api/v1/leads?offset={far}&limit=200")).await.is(200).json();
        assert_eq!((&leads["data"], &leads["meta"]["total"]), (&serde_json::json!([]), &0.into()));
        for path in ["/api/v1/tasks", "/calls", "/api/v1/dashboard/calls"] {
            database.get(&format!("{path}?status=&offset={far}")).await.json();
        }
        database.get(&format!("/api/v1/tasks?offset={far}&limit=1000")).await.is(200);
        database.get(&format!("/calls?offset={far}&limit=200")).await.is(200);
        database.get(&format!("/api/v1/dashboard/calls?status=missed&offset={far}&limit=1000")).await.is(200);
    }
}

#[tokio::test]
async fn a_request_s_id_is_the_client_s_if_usable() {
    let bench = Bench::sqlite().await;
    for (path, status) in [("/health", 200), ("/api/v1/calls", 200), ("/nowhere", 404), ("/docs", 200)] {
        let usable = bench.request(Method::GET, path).header("X-Request-Id", "client.Id_1-2");
        let answered = answer(usable).await.is(status);
        assert_eq!(answered.header("x-request-id"), Some("client.Id_1-2"));
        for bad in [String::new(), "a b".to_owned(), "x".repeat(129), "<script>".to_owned()] {
            let answered =
                answer(bench.request(Method::GET, path).header("X-Request-Id", bad)).await.is(status);
            assert!(answered.header("x-request-id").unwrap().starts_with("req_"));
        }
    }
}
