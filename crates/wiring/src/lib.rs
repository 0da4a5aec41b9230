//! Puts the adapters together and runs them: settings in, a running Otto out. No rule of the product is decided here.

pub mod backup;
mod between;
mod build;
mod counted;
mod error;
mod guards;
mod keys;
pub mod program;
mod pulse;
mod report;
mod run;
mod tenants;
mod vigil;
mod world;

pub use build::{Otto, make_data_dir, missing_database, open_store, update_store};
pub use error::StartError;
pub use keys::check_configured_key;
pub use run::{Parts, Running, start};
pub use tenants::{NewTenant, SetUpError, reseal, secrets_replaced_by, set_up_tenant};
pub use world::{RandomDice, SystemClock, UuidSource};

/// The OpenAPI document of everything that is served.
pub fn openapi() -> serde_json::Value {
    http_api::document(&http_api::RouteTable::new(console::ROUTES), env!("CARGO_PKG_VERSION"))
}
