//! Webhooks as stored: [`Inbox`](app::ports::Inbox) of one tenant, [`InboxOffice`](app::ports::InboxOffice) across them.

#![expect(missing_docs, reason = "the name of a case says what it is about")]

mod arrivals;
mod office;

pub use arrivals::*;
pub use office::*;
