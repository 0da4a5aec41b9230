//! Every route there is, and what each asks of a caller.

use std::collections::HashMap;

use rbac::{Access, Method, Permission, Route};

use Access::{Public, Signature, SignedLink};
use Method::{Get, Post, Put};

const fn route(operation: &'static str, method: Method, path: &'static str, access: Access) -> Route {
    Route { operation, method, path, access }
}

const fn may(permission: Permission) -> Access {
    Access::Permission(permission)
}

/// A webhook at its path, under `/api/v1` where the contract has an alias there, and under a tenant key.
macro_rules! hooks {
    ($($operation:literal $path:literal),* $(,)?) => {
        [$(
            route($operation, Post, $path, Signature),
            route($operation, Post, concat!("/api/v1", $path), Signature),
            route($operation, Post, concat!("/t/{tenant_key}", $path), Signature),
        )*]
    };
}

/// CallRail's webhooks. The path alone tells what an event is about.
pub(crate) const CALLRAIL: [Route; 27] = hooks![
    "wh_callrail_incoming" "/callrail/call.incoming",
    "wh_callrail_answered" "/callrail/call.answered",
    "wh_callrail_missed" "/callrail/call.missed",
    "wh_callrail_completed" "/callrail/call.completed",
    "wh_callrail_modified" "/callrail/call.modified",
    "wh_pre_call" "/pre-call",
    "wh_call_complete" "/call-complete",
    "wh_call_modified" "/call-modified",
    "wh_callrail_single" "/webhooks/callrail",
];

/// Everything else.
pub const ROUTES: &[Route] = &[
    route("health", Get, "/health", Public),
    route("health_live", Get, "/health/live", Public),
    route("health_ready", Get, "/health/ready", Public),
    route("health_detailed", Get, "/health/detailed", Public),
    route("ready", Get, "/ready", Public),
    route("metrics", Get, "/metrics", Public),
    route("openapi", Get, "/openapi.json", Public),
    route("docs", Get, "/docs", Public),
    route("docs_asset", Get, "/docs/{asset}", Public),
    route("media_get", Get, "/media/{key:.*}", SignedLink),
    route("media_put", Put, "/media/{key:.*}", SignedLink),
    route("wh_shunya", Post, "/api/v1/shunya/webhook", Signature),
    route("pipeline_get", Get, "/api/v1/pipeline", may(Permission::ConsoleRead)),
    route("calls_list", Get, "/api/v1/calls", may(Permission::CallsRead)),
    route("call_get", Get, "/api/v1/calls/{call_id}", may(Permission::CallsRead)),
    route("call_get", Get, "/api/v1/calls/call/{call_id}", may(Permission::CallsRead)),
    route("call_analysis_get", Get, "/api/v1/calls/{call_id}/analysis", may(Permission::CallsRead)),
    route("legacy_calls_list", Get, "/calls", may(Permission::CallsRead)),
    route("legacy_call_get", Get, "/call/{call_id}", may(Permission::CallsRead)),
    route("contact_card_by_phone", Get, "/api/v1/contact-cards/by-phone", may(Permission::ContactsRead)),
    route("contact_card_get", Get, "/api/v1/contact-cards/{contact_id}", may(Permission::ContactsRead)),
    route("leads_list", Get, "/api/v1/leads", may(Permission::LeadsRead)),
    route("lead_get", Get, "/api/v1/leads/{lead_id}", may(Permission::LeadsRead)),
    route("tasks_list", Get, "/api/v1/tasks", may(Permission::TasksRead)),
    route("task_get", Get, "/api/v1/tasks/{task_id}", may(Permission::TasksRead)),
    route("appointments_list", Get, "/api/v1/appointments", may(Permission::AppointmentsRead)),
    route("appointment_get", Get, "/api/v1/appointments/{appointment_id}", may(Permission::AppointmentsRead)),
    route("key_signals_list", Get, "/api/v1/key-signals", may(Permission::SignalsRead)),
    route("dashboard_metrics", Get, "/api/v1/dashboard/metrics", may(Permission::DashboardRead)),
    route("dashboard_booking_rate", Get, "/api/v1/dashboard/booking-rate", may(Permission::DashboardRead)),
    route(
        "dashboard_top_objections",
        Get,
        "/api/v1/dashboard/top-objections",
        may(Permission::DashboardRead),
    ),
    route("dashboard_calls", Get, "/api/v1/dashboard/calls", may(Permission::DashboardRead)),
];

/// The table as the guard asks it.
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    by_path: HashMap<&'static str, Vec<Route>>,
}

/// What the table knows of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// A route.
    Found(Route),
    /// A path of ours, asked with a method it does not have.
    OtherMethod,
    /// Nothing of ours.
    Unknown,
}

impl RouteTable {
    /// Our own routes and those of whoever else is mounted beside us.
    pub fn new(more: &[Route]) -> Self {
        let mut table = Self::default();
        for route in ROUTES.iter().chain(&CALLRAIL).chain(more) {
            table.by_path.entry(route.path).or_default().push(*route);
        }
        table
    }

    /// By the pattern a request matched and its method. A trailing slash makes no difference.
    pub fn look_up(&self, pattern: Option<&str>, method: &str) -> Lookup {
        let pattern =
            pattern.map(|pattern| if pattern.len() > 1 { pattern.trim_end_matches('/') } else { pattern });
        let Some(routes) = pattern.and_then(|pattern| self.by_path.get(pattern)) else {
            return Lookup::Unknown;
        };
        // whoever may GET may ask for the headers alone
        let method = if method == "HEAD" { "GET" } else { method };
        routes
            .iter()
            .find(|route| route.method.as_str() == method)
            .map_or(Lookup::OtherMethod, |route| Lookup::Found(*route))
    }

    /// Every route, by path and method.
    pub fn routes(&self) -> Vec<Route> {
        let mut routes: Vec<_> = self.by_path.values().flatten().copied().collect();
        routes.sort_by_key(|route| (route.path, route.method));
        routes
    }
}
