//! Who may do what: a pure function of role and permission.
//!
//! Every route declares what it needs as an [`Access`]; what is not declared is denied. A [`Grant`] says how far a
//! permission reaches, and the query that reads the rows applies it.

mod policy;
mod role;
mod route;

pub use policy::{Grant, Permission, grant};
pub use role::{Role, RoleError};
pub use route::{Access, Method, Route};
