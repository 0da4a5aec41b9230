//! All of Otto on one machine, as it runs in production: otto-server, otto-worker and otto-cron as processes of their own,
//! any number of each, behind a balancer, on a PostgreSQL, a Redis and an S3 of their own, with stand-ins for the
//! providers and the demo companies.
//!
//! Everything is there to be killed, frozen, stopped and started again, by hand or by tests. Nothing is left behind but
//! logs.

mod balancer;
mod companies;
mod error;
mod fleet;
mod member;
mod settings;
mod surroundings;

pub use balancer::Balancer;
pub use error::FleetError;
pub use fleet::{Ended, Fleet};
pub use member::{Member, Role};
pub use settings::{FleetSettings, programs_beside_us};
pub use surroundings::Surroundings;
