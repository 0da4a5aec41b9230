//! Companies, which are the tenants.

mod company;

pub use company::{Company, TenantKey, TenantKeyError};
