//! Use cases and loops over the real store, with fakes of everything outside the process.

mod customers;
mod setup;
mod virtual_time;
mod worker;
