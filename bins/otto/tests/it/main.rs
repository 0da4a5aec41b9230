//! The real program as a process of its own: real files, real signals, a real database.

mod aftermath;
mod place;
mod survival;
