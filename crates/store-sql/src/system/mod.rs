//! What works across tenants. Nothing here is reachable from a tenant's unit of work.

mod claims;
mod inbox_office;
mod job_office;
mod sweeps;
mod tenants;

use kernel::StoreError;

use crate::{
    SqlSystem,
    db::Conn,
    unit::{begin, commit, discard},
};

/// A transaction across tenants; closes its connection if it is dropped before it is committed.
struct SystemUnit {
    conn: Option<Conn>,
}

impl SystemUnit {
    async fn begin(system: &SqlSystem) -> Result<Self, StoreError> {
        let mut unit = Self { conn: Some(system.db.writer().await?) };
        begin(unit.conn()?).await?;
        Ok(unit)
    }

    fn conn(&mut self) -> Result<&mut Conn, StoreError> {
        self.conn.as_mut().ok_or_else(|| StoreError::Unavailable("the unit of work has ended".into()))
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        commit(self.conn()?).await?;
        drop(self.conn.take());
        Ok(())
    }
}

impl Drop for SystemUnit {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            discard(conn);
        }
    }
}
