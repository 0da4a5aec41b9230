use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use app::ports::{Acquired, HeldLock, LockRenewal, Locks};
use async_trait::async_trait;
use tokio::time::Instant;

#[derive(Default)]
struct Table {
    held: HashMap<String, (u64, Instant)>,
    last: u64,
}

type SharedTable = Arc<Mutex<Table>>;

fn open(table: &SharedTable) -> MutexGuard<'_, Table> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Locks within one process.
#[derive(Default)]
pub struct MemoryLocks(SharedTable);

#[async_trait]
impl Locks for MemoryLocks {
    async fn acquire(&self, name: &str, life: Duration) -> Acquired {
        let (mut table, now) = (open(&self.0), Instant::now());
        if table.held.get(name).is_some_and(|(_, until)| *until > now) {
            return Acquired::Taken;
        }
        table.last += 1;
        let fencing = table.last;
        table.held.insert(name.to_owned(), (fencing, now + life));
        Acquired::Held(Box::new(MemoryLock { table: self.0.clone(), name: name.to_owned(), fencing }))
    }
}

struct MemoryLock {
    table: SharedTable,
    name: String,
    fencing: u64,
}

#[async_trait]
impl HeldLock for MemoryLock {
    fn fencing(&self) -> u64 {
        self.fencing
    }

    async fn renew(&self, life: Duration) -> LockRenewal {
        let now = Instant::now();
        match open(&self.table).held.get_mut(&self.name) {
            Some((holder, until)) if *holder == self.fencing && *until > now => {
                *until = now + life;
                LockRenewal::Held
            }
            _ => LockRenewal::Lost,
        }
    }

    async fn release(self: Box<Self>) {
        let mut table = open(&self.table);
        if table.held.get(&self.name).is_some_and(|(holder, _)| *holder == self.fencing) {
            table.held.remove(&self.name);
        }
    }
}
