//! Every operation that is served answers as the document it serves says, with data in it.

use std::{collections::BTreeMap, fmt::Write as _};

use reqwest::Method;
use serde_json::{Value, json};
use simulators::{callrail_signature, shunya_signature};

use crate::{
    answer::answer,
    bench::{Bench, Wanted},
    callrail::payload,
    seeded::Seeded,
};

fn validator(schema: &Value, document: &Value) -> jsonschema::Validator {
    // references lead to `#/components/...`, so the components must stand where they point
    let mut root = json!({ "components": document["components"], "$schema": "https://json-schema.org/draft/2020-12/schema" });
    root["allOf"] = json!([schema]);
    jsonschema::validator_for(&root).expect("a schema")
}

#[track_caller]
fn conforms(what: &str, schema: &Value, document: &Value, body: &Value) {
    let mut wrong = String::new();
    for error in validator(schema, document).iter_errors(body) {
        write!(wrong, "\n  {} at {}", error, error.instance_path()).unwrap();
    }
    assert!(wrong.is_empty(), "{what}:{wrong}\n{body:.600}");
}

/// The schema of a response, if it is JSON.
fn schema_of(operation: &Value, status: u16) -> Option<&Value> {
    let content = &operation["responses"][status.to_string()]["content"];
    content.get("application/json").map(|content| &content["schema"])
}

fn signed_webhook(bench: &Bench, path: &str, number: usize) -> reqwest::RequestBuilder {
    let request = bench.request(Method::POST, path).header("Content-Type", "application/json");
    if path.ends_with("/shunya/webhook") {
        let body =
            json!({ "company_id": bench.tenants[0].company_id, "task_id": "t1", "status": "completed" })
                .to_string();
        let secret = bench.simulators.as_ref().unwrap().secrets().shunya_hmac_secret.expose();
        let now = bench.otto.ports.clock.now().timestamp_millis();
        return request
            .header("X-Shunya-Signature", shunya_signature(secret, now, body.as_bytes()))
            .header("X-Shunya-Timestamp", now.to_string())
            .body(body);
    }
    let body = payload(&bench.tenants[0], &format!("CALcontract{number}")).to_string();
    let signature = callrail_signature(bench.tenants[0].signing_key.expose(), body.as_bytes());
    request.header("Signature", signature).body(body)
}

async fn every_operation_conforms(seeded: &Seeded) {
    let bench = &seeded.bench;
    let document = bench.get("/openapi.json").await.is(200).json();
    let error = json!({ "$ref": "#/components/schemas/Error" });
    let mut number = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            // a link to store something by is made for that alone: the contract of blobs is about those
            if method == "put" {
                continue;
            }
            number += 1;
            let at = seeded.at(path).await;
            let what = format!("{method} {at}");
            let request = match method.as_str() {
                "get" => bench.request(Method::GET, &at),
                _ => signed_webhook(bench, &at, number),
            };
            let answered = answer(request).await;
            assert_eq!(answered.status, 200, "{what}: {}", answered.text);
            let media = answered.header("content-type").unwrap().split(';').next().unwrap().to_owned();
            let promised = operation["responses"]["200"]["content"].as_object().unwrap();
            let kind = format!("{}/*", media.split('/').next().unwrap());
            let is_promised = promised.contains_key(&media) || promised.contains_key(&kind);
            assert!(is_promised || path.starts_with("/docs/"), "{what}: {media} {promised:?}");
            if let Some(schema) = schema_of(operation, 200) {
                conforms(&what, schema, &document, &answered.json());
            }
            // whatever goes wrong with it is in the one shape
            let refused = answer(bench.request(Method::PATCH, &at)).await;
            refused.is_error(405, "METHOD_NOT_ALLOWED");
            conforms(&what, &error, &document, &refused.json());
        }
    }
    assert!(number > 50, "only {number} operations");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_as_documented() {
    every_operation_conforms(&Seeded::new(testkit::sqlite().await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_answers_as_documented_on_postgresql() {
    every_operation_conforms(&Seeded::new(testkit::postgres().await).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_vendor_says_beside_its_documents_changes_no_shape() {
    let wanted = Wanted { pipeline: true, quirks: 1.0, ..Wanted::default() };
    let bench = Bench::new(testkit::sqlite().await, wanted).await;
    every_operation_conforms(&Seeded::fill(bench).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_show_what_there_is() {
    let seeded = Seeded::new(testkit::sqlite().await).await;
    let bench = &seeded.bench;
    for (path, at) in [
        ("/api/v1/calls?stage=analysed", "/data/calls"),
        ("/api/v1/calls?missed=true", "/data/calls"),
        ("/calls", "/calls"),
        ("/api/v1/leads", "/data"),
        ("/api/v1/tasks", "/data/tasks"),
        ("/api/v1/key-signals", "/data/signals"),
        ("/api/v1/dashboard/calls?status=all", "/data/calls"),
        ("/api/v1/dashboard/top-objections", "/data"),
        ("/api/v1/dashboard/booking-rate", "/data"),
    ] {
        let body = bench.get(path).await.is(200).json();
        let list = body.pointer(at).and_then(Value::as_array).unwrap_or_else(|| panic!("{path}: {body}"));
        assert!(!list.is_empty(), "{path}");
    }
    // pages neither overlap nor skip
    let all = bench.get("/api/v1/calls").await.data()["calls"].clone();
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bench.get(&format!("/api/v1/calls?limit=2&cursor={cursor}")).await.data();
        seen.extend(page["calls"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(Value::from(seen), all);
}

#[test]
fn what_the_contract_asks_for_and_nobody_serves_yet_is_listed() {
    let contract: Value =
        serde_json::from_str(include_str!("../../../http-api/contract/operations.json")).unwrap();
    let served: Vec<_> = http_api::RouteTable::new(console::ROUTES).routes();
    let mut missing: BTreeMap<String, String> = BTreeMap::new();
    for operation in contract["operations"].as_array().unwrap() {
        let id = operation["id"].as_str().unwrap();
        if !served.iter().any(|route| route.operation == id) {
            let (method, path) = (operation["method"].as_str().unwrap(), operation["path"].as_str().unwrap());
            missing.insert(id.to_owned(), format!("{id:<40} {method:<6} {path}"));
        }
    }
    let mut text = String::from(
        "# Operations of the contract without a route. A test keeps this list; it can only become shorter.\n",
    );
    for line in missing.values() {
        writeln!(text, "{line}").unwrap();
    }
    crate::snapshot::check("../http-api/contract/not_served_yet.txt", &text);
}

#[test]
fn aliases_of_what_is_served_are_served() {
    let contract: Value =
        serde_json::from_str(include_str!("../../../http-api/contract/operations.json")).unwrap();
    let routes = http_api::RouteTable::new(console::ROUTES).routes();
    for operation in contract["operations"].as_array().unwrap() {
        let id = operation["id"].as_str().unwrap();
        let paths: Vec<_> =
            routes.iter().filter(|route| route.operation == id).map(|route| route.path).collect();
        if paths.is_empty() {
            continue;
        }
        let aliases = operation["aliases"].as_array().unwrap().iter().chain([&operation["path"]]);
        for alias in aliases.map(|alias| alias.as_str().unwrap()) {
            assert!(paths.contains(&alias), "{id} is not served at {alias}");
        }
    }
}
