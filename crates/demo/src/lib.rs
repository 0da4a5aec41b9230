//! Drives an Otto with simulated calls, through its real HTTP endpoints only, and accounts for every one of them.
//!
//! What was acknowledged must have arrived, once, and have become what the corpus says it becomes; nothing may exist
//! twice. Works the same on an Otto this process runs and on one that runs elsewhere.

mod account;
mod api;
mod report;
mod run;

pub use api::{ApiError, OttoApi, answers};
pub use report::{Finding, Report};
pub use run::{DemoError, DemoOrder, Ledger, run};

/// The demo companies follow from this seed and no other, so that every demo and every data directory has the same.
pub const COMPANY_SEED: u64 = 1;

/// The demo companies.
pub fn companies() -> Vec<simulators::SimulatedTenant> {
    simulators::SimulatedTenant::demo(COMPANY_SEED)
}
