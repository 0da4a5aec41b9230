//! What works across tenants. Nothing here is reachable from a tenant's unit of work.

mod claims;
mod inbox_office;
mod inspection;
mod job_office;
mod listings;
mod remembered;
mod sweeps;
mod tallies;
mod tenants;

pub(crate) use claims::Walks;
use kernel::StoreError;
pub use remembered::RememberedTenants;
pub(crate) use tenants::id_of;

use crate::{
    SqlSystem,
    db::Conn,
    unit::{begin, commit},
};

/// A transaction across tenants. Its connection is closed if it is dropped before it is committed.
struct SystemUnit {
    conn: Conn,
}

impl SystemUnit {
    async fn begin(system: &SqlSystem) -> Result<Self, StoreError> {
        let mut conn = system.db.writer().await?;
        begin(&mut conn).await?;
        Ok(Self { conn })
    }

    fn conn(&mut self) -> &mut Conn {
        &mut self.conn
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        commit(&mut self.conn).await
    }
}
