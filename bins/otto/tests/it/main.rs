//! The real program as a process of its own: real files, real signals, a real database.

mod aftermath;
mod commands;
mod full_disk;
mod place;
mod start;
mod stop;
mod survival;
