//! Throw-away servers for development and tests: PostgreSQL, Redis and S3, on free private ports of this machine.
//!
//! They are there to be killed, stopped, frozen and started again on the same port. Nothing of them outlives their value:
//! processes are killed and folders deleted when it is dropped.

mod error;
mod port;
mod postgres;
mod process;
mod redis;
mod s3;

pub use error::ServerError;
pub use port::free_port;
pub use postgres::{PostgresServer, PostgresStop};
pub use process::{Process, Signal};
pub use redis::RedisServer;
pub use s3::{Asked, Deed, S3Server};
