use actix_web::{
    HttpRequest, HttpResponse, Route as Handler, guard,
    web::{self, Data, ServiceConfig},
};
use rbac::{Access, Method, Permission, Route};

use crate::{ConsoleState, assets, live, pages};

const fn page(operation: &'static str, path: &'static str) -> Route {
    Route { operation, method: Method::Get, path, access: Access::Permission(Permission::ConsoleRead) }
}

/// Every route of the console, for the table of whoever mounts it.
pub const ROUTES: &[Route] = &[
    page("console_overview", "/console"),
    page("console_live", "/console/live"),
    page("console_calls", "/console/calls"),
    page("console_call", "/console/calls/{id}"),
    page("console_contact", "/console/contacts/{id}"),
    page("console_inbox", "/console/inbox"),
    page("console_inbox_entry", "/console/inbox/{id}"),
    page("console_jobs", "/console/jobs"),
    page("console_providers", "/console/providers"),
    Route {
        operation: "console_asset",
        method: Method::Get,
        path: "/console/assets/{asset}",
        access: Access::Public,
    },
    Route { operation: "console_role", method: Method::Post, path: "/console/role", access: Access::Public },
    // the last: a mistyped address gets a page rather than JSON
    page("console_nowhere", "/console/{rest:.*}"),
];

/// The handler of an operation. `None` for one nobody wrote, which a test refuses.
fn handler(operation: &str) -> Option<Handler> {
    let handler = web::route();
    Some(match operation {
        "console_overview" => handler.to(pages::overview::get),
        "console_live" => handler.to(live::get),
        "console_calls" => handler.to(pages::calls::get),
        "console_call" => handler.to(pages::call::get),
        "console_contact" => handler.to(pages::contact::get),
        "console_inbox" => handler.to(pages::inbox::list),
        "console_inbox_entry" => handler.to(pages::inbox::entry),
        "console_jobs" => handler.to(pages::jobs::get),
        "console_providers" => handler.to(pages::providers::get),
        "console_asset" => handler.to(assets::get),
        "console_role" => handler.to(pages::role::post),
        "console_nowhere" => handler.to(pages::nowhere),
        _ => return None,
    })
}

/// Mounts every route of [`ROUTES`], with and without a trailing slash. Call it as often as there are server threads.
pub fn mount(state: ConsoleState) -> impl Fn(&mut ServiceConfig) + Send + Sync + 'static {
    let state = Data::new(state);
    move |config| {
        config.app_data(state.clone());
        for route in ROUTES {
            let Some(handler) = handler(route.operation) else { continue };
            let handler = match route.method {
                Method::Get => handler.guard(guard::Any(guard::Get()).or(guard::Head())),
                Method::Post => handler.guard(guard::Post()),
                Method::Put => handler.guard(guard::Put()),
            };
            let resource = web::resource([route.path.to_owned(), format!("{}/", route.path)]);
            config.service(resource.route(handler).default_service(web::to(other_method)));
        }
    }
}

/// Behind a guard that refuses it already.
async fn other_method(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    crate::answer::refusal(&request, &state, kernel::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_a_handler() {
        for route in ROUTES {
            assert!(handler(route.operation).is_some(), "{}", route.operation);
        }
    }

    #[test]
    fn everything_but_assets_and_the_role_asks_for_the_permission() {
        let public: Vec<_> = ROUTES.iter().filter(|route| route.access == Access::Public).collect();
        let names: Vec<_> = public.iter().map(|route| route.operation).collect();
        assert_eq!(names, ["console_asset", "console_role"]);
        for route in ROUTES {
            assert!(route.path.starts_with("/console"), "{}", route.path);
            assert!(
                matches!(route.access, Access::Public | Access::Permission(Permission::ConsoleRead)),
                "{}",
                route.operation
            );
        }
    }
}
