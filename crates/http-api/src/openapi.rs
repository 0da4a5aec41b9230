//! The OpenAPI document, made from the contract: `contract/operations.json` is what the client apps expect, word for word,
//! and `contract/own.json` what Otto adds in the same form. Only operations with a route are in it; tests hold the answers
//! of the running server against the same schemas, so the document cannot say what is not so.

use std::sync::LazyLock;

use rbac::{Access, Route};
use serde_json::{Map, Value, json};

use crate::RouteTable;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or(Value::Null);
    let theirs = read(include_str!("../contract/operations.json"));
    let ours = read(include_str!("../contract/own.json"));
    let list =
        |document: &Value| document.get("operations").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut operations = list(&theirs);
    operations.extend(list(&ours));
    Contract { operations, schemas: theirs.pointer("/components/schemas").cloned().unwrap_or_default() }
});

struct Contract {
    operations: Vec<Value>,
    schemas: Value,
}

/// An operation of the contract.
pub(crate) fn operation(id: &str) -> Option<&'static Value> {
    CONTRACT.operations.iter().find(|operation| operation["id"] == id)
}

/// The document.
pub fn document(table: &RouteTable, version: &str) -> Value {
    let mut paths = Map::new();
    for route in table.routes() {
        let Some(operation) = operation(route.operation) else { continue };
        let path = route.path.replace(":.*}", "}");
        let entry = paths.entry(path.clone()).or_insert_with(|| json!({}));
        if let Value::Object(methods) = entry {
            methods.insert(route.method.as_str().to_ascii_lowercase(), described(&route, &path, operation));
        }
    }
    let mut schemas = CONTRACT.schemas.clone();
    if let Value::Object(all) = &mut schemas {
        all.insert("Error".to_owned(), error_schema());
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Otto",
            "version": version,
            "description": "Call intelligence for home-service companies. Answers under /api/v1 are wrapped in \
                {success, data, meta, message}; every error has one shape.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" },
            },
        },
    })
}

/// One path and method. The same operation may have several paths, so its id carries the path's.
fn described(route: &Route, path: &str, operation: &Value) -> Value {
    let mut described = json!({
        "operationId": id_of(route.operation, path, operation),
        "summary": operation["summary"],
        "tags": [tag_of(route, path)],
        "parameters": parameters(path, operation),
        "responses": responses(operation),
    });
    let Value::Object(fields) = &mut described else { return described };
    let notes: Vec<&str> =
        operation["notes"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if !notes.is_empty() {
        fields.insert("description".to_owned(), notes.join("\n\n").into());
    }
    if let Access::Permission(permission) = route.access {
        fields.insert("security".to_owned(), json!([{ "bearer": [] }]));
        fields.insert("x-permission".to_owned(), permission.as_str().into());
    }
    if let Some(request) = operation.get("request").filter(|request| request.is_object()) {
        let content_type = request["content_type"].as_str().unwrap_or("application/json");
        let body = json!({ "required": request["required"], "content": { content_type: { "schema": request["schema"] } } });
        fields.insert("requestBody".to_owned(), body);
    }
    described
}

fn id_of(id: &str, path: &str, operation: &Value) -> String {
    if operation["path"] == path {
        return id.to_owned();
    }
    let suffix: String = path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{id}{suffix}")
}

/// Under which heading people find it.
fn tag_of<'a>(route: &Route, path: &'a str) -> &'a str {
    match route.access {
        Access::Signature => return "provider webhooks",
        Access::Public => return "probes and documents",
        Access::SignedLink | Access::Permission(_) => {}
    }
    let rest = path.strip_prefix("/api/v1/").unwrap_or(path);
    rest.trim_start_matches('/').split(['/', '.']).next().map_or("otto", |tag| match tag {
        // the predecessor's paths without a version
        "call" => "calls",
        other => other,
    })
}

fn parameters(path: &str, operation: &Value) -> Vec<Value> {
    let mut list = Vec::new();
    for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
        let schema = operation["path_params"].get(name).cloned().unwrap_or(json!({ "type": "string" }));
        list.push(json!({ "name": name, "in": "path", "required": true, "schema": schema }));
    }
    for (name, about) in operation["query"].as_object().into_iter().flatten() {
        let mut schema = about.clone();
        if let Value::Object(fields) = &mut schema {
            fields.retain(|key, _| {
                matches!(
                    key.as_str(),
                    "type" | "enum" | "minimum" | "maximum" | "default" | "format" | "pattern"
                )
            });
            // a default in words ("today") says something to people, not to programs
            let words = fields
                .get("default")
                .is_some_and(|default| default.is_string() && !fields.contains_key("enum"));
            if words {
                fields.remove("default");
            }
        }
        let mut parameter =
            json!({ "name": name, "in": "query", "required": about["required"], "schema": schema });
        if let (Some(text), Value::Object(fields)) = (about.get("description"), &mut parameter) {
            fields.insert("description".to_owned(), text.clone());
        }
        list.push(parameter);
    }
    list
}

fn responses(operation: &Value) -> Value {
    let response = &operation["response"];
    let status = response["status"].as_u64().unwrap_or(200).to_string();
    let content_type = response["content_type"].as_str().unwrap_or("application/json");
    let schema = match response["envelope"].as_str() {
        Some("api") => json!({
            "type": "object",
            "properties": {
                "success": { "const": true },
                "data": response["payload"],
                "meta": { "type": ["object", "null"] },
                "message": { "type": ["string", "null"] },
            },
            "required": ["success", "data"],
        }),
        Some("none") => response["payload"].clone(),
        _ => json!({}),
    };
    let mut responses = Map::new();
    let content = json!({ content_type: { "schema": schema } });
    responses.insert(status, json!({ "description": "Success", "content": content }));
    let error = json!({ "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } });
    if operation["auth"].as_str().is_some_and(|auth| auth.starts_with("sig:")) {
        let content = json!({ "application/json": { "schema": { "type": "object" } } });
        responses.insert(
            "202".to_owned(),
            json!({ "description": "Stored, but not understood", "content": content }),
        );
        for (code, what) in [("413", "Too large"), ("415", "Neither JSON nor a form")] {
            responses.insert(code.to_owned(), json!({ "description": what, "content": error }));
        }
    }
    for code in operation["errors"].as_array().into_iter().flatten().filter_map(Value::as_u64) {
        responses.insert(code.to_string(), json!({ "description": "Error", "content": error }));
    }
    Value::Object(responses)
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "properties": {
            "success": { "const": false },
            "error_code": { "type": "string" },
            "message": { "type": "string" },
            "details": { "type": ["object", "null"] },
            "error": {
                "type": "object",
                "properties": {
                    "code": { "type": "string" },
                    "message": { "type": "string" },
                    "details": { "type": ["object", "null"] },
                },
                "required": ["code", "message", "details"],
            },
            "detail": { "type": "string" },
            "request_id": { "type": "string" },
        },
        "required": ["success", "error_code", "message", "details", "error", "detail", "request_id"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ROUTES, table::CALLRAIL};

    #[test]
    fn every_route_is_an_operation_of_the_contract() {
        for route in ROUTES.iter().chain(&CALLRAIL) {
            assert!(operation(route.operation).is_some(), "{}", route.operation);
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn check(value: &Value, schemas: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(Value::String(to)) = fields.get("$ref") {
                        let name = to.strip_prefix("#/components/schemas/").expect(to);
                        assert!(schemas.get(name).is_some(), "{to}");
                    }
                    fields.values().for_each(|field| check(field, schemas));
                }
                Value::Array(items) => items.iter().for_each(|item| check(item, schemas)),
                _ => {}
            }
        }
        let document = document(&RouteTable::new(&[]), "1");
        check(&document, &document["components"]["schemas"]);
    }

    #[test]
    fn operation_ids_are_unique() {
        let document = document(&RouteTable::new(&[]), "1");
        let mut ids: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|methods| methods.as_object().unwrap().values())
            .map(|operation| operation["operationId"].as_str().unwrap().to_owned())
            .collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
