//! Customers: [`CrmRepository`](app::ports::CrmRepository).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

mod appointments;
mod contacts;
mod leads;
mod learned;
mod tasks;
mod verdicts;

pub use appointments::*;
pub use contacts::*;
pub use leads::*;
pub use learned::*;
pub use tasks::*;
pub use verdicts::*;
