use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::ports::{LinkProbe, LinkState, Part, PartRole, Presence, Unknowable};
use async_trait::async_trait;
use tokio::time::Instant;

type Parts = BTreeMap<(PartRole, String), (Part, Instant)>;

/// Who is there within one process. Until somebody announced themselves here, it cannot say that nobody is there:
/// they may be in other processes.
#[derive(Default)]
pub struct MemoryPresence(Mutex<Option<Parts>>);

#[async_trait]
impl Presence for MemoryPresence {
    async fn announce(&self, part: &Part, life: Duration) -> bool {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (part.role, part.id.clone());
        parts.get_or_insert_default().insert(key, (part.clone(), Instant::now() + life));
        true
    }

    async fn withdraw(&self, part: &Part) {
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        parts.get_or_insert_default().remove(&(part.role, part.id.clone()));
    }

    async fn present(&self) -> Result<Vec<Part>, Unknowable> {
        let now = Instant::now();
        let mut parts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = parts.as_mut().ok_or(Unknowable::OnlyThisProcess)?;
        parts.retain(|_, (_, until)| *until > now);
        Ok(parts.values().map(|(part, _)| part.clone()).collect())
    }
}

/// Nothing connects one process with itself, so nothing can break.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLink;

impl LinkProbe for NoLink {
    fn state(&self) -> LinkState {
        LinkState::InProcess
    }
}
