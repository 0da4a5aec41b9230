//! Handlers, and which operation each serves.

mod appointments;
mod calls;
mod contacts;
mod dashboard;
mod docs;
mod health;
mod leads;
mod media;
mod pipeline;
mod signals;
mod staff;
mod tasks;
mod webhooks;

pub(crate) use webhooks::begin_counting;

use actix_web::{
    HttpResponse, Resource, Route as Handler, guard,
    web::{self, ServiceConfig},
};
use rbac::{Method, Route};

use crate::{
    ApiError,
    table::{CALLRAIL, ROUTES},
};

/// The handler of an operation. `None` for one nobody wrote, which a test refuses.
fn handler(operation: &str) -> Option<Handler> {
    let handler = web::route();
    Some(match operation {
        "health" => handler.to(health::health),
        "health_live" => handler.to(health::live),
        "health_ready" => handler.to(health::ready),
        "health_detailed" => handler.to(health::detailed),
        "ready" => handler.to(health::ready),
        "metrics" => handler.to(health::metrics),
        "openapi" => handler.to(docs::openapi),
        "docs" => handler.to(docs::page),
        "docs_asset" => handler.to(docs::asset),
        "media_get" => handler.to(media::get),
        "media_put" => handler.to(media::put),
        "wh_shunya" => handler.to(webhooks::shunya),
        "pipeline_get" => handler.to(pipeline::get),
        "calls_list" => handler.to(calls::list),
        "call_get" => handler.to(calls::get),
        "call_analysis_get" => handler.to(calls::analysis),
        "legacy_calls_list" => handler.to(calls::legacy_list),
        "legacy_call_get" => handler.to(calls::legacy_get),
        "contact_card_by_phone" => handler.to(contacts::by_phone),
        "contact_card_get" => handler.to(contacts::get),
        "leads_list" => handler.to(leads::list),
        "lead_get" => handler.to(leads::get),
        "tasks_list" => handler.to(tasks::list),
        "task_get" => handler.to(tasks::get),
        "appointments_list" => handler.to(appointments::list),
        "appointment_get" => handler.to(appointments::get),
        "key_signals_list" => handler.to(signals::list),
        "dashboard_metrics" => handler.to(dashboard::metrics),
        "dashboard_booking_rate" => handler.to(dashboard::booking_rate),
        "dashboard_top_objections" => handler.to(dashboard::top_objections),
        "dashboard_calls" => handler.to(dashboard::calls),
        hook if hook.starts_with("wh_call") || hook == "wh_pre_call" => handler.to(webhooks::callrail),
        _ => return None,
    })
}

/// Static segments before dynamic ones, so that no `{id}` swallows a sibling.
fn specificity(path: &str) -> Vec<(bool, &str)> {
    path.split('/').map(|segment| (segment.starts_with('{'), segment)).collect()
}

/// Mounts every route of the table, and nothing else.
pub(crate) fn mount(config: &mut ServiceConfig) {
    let mut routes: Vec<&Route> = ROUTES.iter().chain(&CALLRAIL).collect();
    routes.sort_by_key(|route| specificity(route.path));
    // the first resource whose path matches takes a request, so all methods of a path belong to one
    for of_a_path in routes.chunk_by(|a, b| a.path == b.path) {
        let Some(first) = of_a_path.first() else { continue };
        let mut resource = resource(first.path);
        for route in of_a_path {
            let Some(handler) = handler(route.operation) else { continue };
            resource = resource.route(match route.method {
                Method::Get => handler.guard(guard::Any(guard::Get()).or(guard::Head())),
                Method::Post => handler.guard(guard::Post()),
                Method::Put => handler.guard(guard::Put()),
            });
        }
        config.service(resource);
    }
}

/// A path with and without a trailing slash: clients use both, and a redirect would lose their bodies.
fn resource(path: &'static str) -> Resource {
    web::resource([path.to_owned(), format!("{path}/")])
}

/// What nobody serves. The guard has refused it already; this stands behind it.
pub(crate) async fn nowhere() -> Result<HttpResponse, ApiError> {
    Err(ApiError::not_found("Path"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_the_table_has_a_handler() {
        for route in ROUTES.iter().chain(&CALLRAIL) {
            assert!(handler(route.operation).is_some(), "{}", route.operation);
        }
    }

    #[test]
    fn static_paths_come_before_dynamic_ones() {
        let mut paths = ["/a/{id}", "/a/{id}/x", "/a/by-phone", "/a"];
        paths.sort_by_key(|path| specificity(path));
        assert_eq!(paths, ["/a", "/a/by-phone", "/a/{id}", "/a/{id}/x"]);
    }
}
