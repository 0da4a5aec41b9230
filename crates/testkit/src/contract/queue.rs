//! The job queue: [`JobOutbox`](app::ports::JobOutbox), [`JobClaims`](app::ports::JobClaims),
//! [`JobOffice`](app::ports::JobOffice).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

mod claims;
mod leases;
mod office;
mod outbox;
mod release;
mod slots;

pub use claims::*;
pub use leases::*;
pub use office::*;
pub use outbox::*;
pub use release::*;
pub use slots::*;
