//! Finding out by its signature alone whose a webhook is.
//!
//! A body that cannot be read, or that names nobody we know, does not say whose key to check it with. So that nothing
//! authentic is lost it is checked with every company's. That is work anybody can ask for, so it is bounded: by what it
//! may cost, by how many may run at once and wait, and by how long they wait (`docs/decisions/0014`).

use std::{sync::Arc, time::Duration};

use kernel::{CompanyId, Provider, Secret, Timestamp};
use tokio::sync::{Mutex, Semaphore};

use super::{accept_call_webhook::SIGNING_KEY, credential_context};
use crate::{
    Ports,
    ports::{CallWebhooks, Delivery},
};

/// How much searching there may be.
#[derive(Clone, Copy, Debug)]
pub struct SearchLimits {
    /// Bytes hashed in one search: the body once for each key. A core hashes about half a gigabyte a second.
    pub most_bytes: usize,
    /// Searches at once.
    pub at_once: usize,
    /// How long the bodies may be together of searches that wait for their turn, each counted as 16 KiB at least.
    pub waiting_bytes: usize,
    /// How long one waits.
    pub patience: Duration,
}

impl Default for SearchLimits {
    fn default() -> Self {
        let (most_bytes, waiting_bytes) = (256 << 20, 64 << 20);
        Self { most_bytes, at_once: 1, waiting_bytes, patience: Duration::from_secs(3) }
    }
}

/// What a waiting search is counted in.
const PLACE: usize = 16 << 10;
/// Opened keys are kept this long in memory: a search must not ask the database, and a key taken away must not go on
/// being found for long. All that being found does is to set an event aside.
const KEYS_LIVE: chrono::Duration = chrono::Duration::seconds(60);

/// What a search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was signed with this company's key.
    Signer(CompanyId),
    /// With nobody's.
    Nobody,
    /// It was not looked for: too many others are being looked for.
    Busy,
    /// It was not looked for: it is too long for the number of companies.
    TooLong,
}

impl Found {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Signer(_) => "found",
            Self::Nobody => "nobody",
            Self::Busy => "busy",
            Self::TooLong => "too_long",
        }
    }
}

type Keys = Arc<Vec<(CompanyId, Secret)>>;

/// The search, and the keys it knows.
#[derive(Debug)]
pub struct SenderSearch {
    limits: SearchLimits,
    keys: Mutex<Option<(Timestamp, Keys)>>,
    running: Semaphore,
    waiting: Semaphore,
}

impl Default for SenderSearch {
    fn default() -> Self {
        Self::new(SearchLimits::default())
    }
}

impl SenderSearch {
    /// Within limits.
    pub fn new(limits: SearchLimits) -> Self {
        let places = limits.waiting_bytes / PLACE;
        let (running, waiting) = (Semaphore::new(limits.at_once), Semaphore::new(places));
        Self { limits, keys: Mutex::new(None), running, waiting }
    }

    /// Whose key a delivery was signed with.
    pub(crate) async fn find(
        &self,
        ports: &Ports,
        webhooks: &Arc<dyn CallWebhooks>,
        delivery: &Delivery,
    ) -> Result<Found, kernel::StoreError> {
        // what cannot be a signature costs nothing
        let found = if webhooks.has_proof(delivery) {
            self.search(ports, webhooks, delivery).await?
        } else {
            Found::Nobody
        };
        let provider = webhooks.provider().as_str();
        metrics::counter!("otto_webhook_searches_total", "provider" => provider, "outcome" => found.as_str())
            .increment(1);
        if matches!(found, Found::Busy | Found::TooLong) {
            let (bytes, why) = (delivery.body.len(), found.as_str());
            tracing::warn!(provider, bytes, why, "whose a webhook is was not looked for");
        }
        Ok(found)
    }

    async fn search(
        &self,
        ports: &Ports,
        webhooks: &Arc<dyn CallWebhooks>,
        delivery: &Delivery,
    ) -> Result<Found, kernel::StoreError> {
        let running = if let Ok(turn) = self.running.try_acquire() {
            turn
        } else {
            let places = u32::try_from(delivery.body.len().div_ceil(PLACE).max(1)).unwrap_or(u32::MAX);
            let Ok(_place) = self.waiting.try_acquire_many(places) else { return Ok(Found::Busy) };
            match tokio::time::timeout(self.limits.patience, self.running.acquire()).await {
                Ok(Ok(turn)) => turn,
                _ => return Ok(Found::Busy),
            }
        };
        let keys = self.keys(ports, webhooks.provider()).await?;
        if delivery.body.len().saturating_mul(keys.len()) > self.limits.most_bytes {
            return Ok(Found::TooLong);
        }
        let (webhooks, delivery) = (webhooks.clone(), delivery.clone());
        // hashing is work for a thread that serves nobody meanwhile
        let signer = tokio::task::spawn_blocking(move || {
            keys.iter().find(|(_, key)| webhooks.verify(&delivery, key)).map(|(company, _)| company.clone())
        });
        let signer = signer.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a search for a webhook's sender broke");
            None
        });
        drop(running);
        Ok(signer.map_or(Found::Nobody, Found::Signer))
    }

    async fn keys(&self, ports: &Ports, provider: Provider) -> Result<Keys, kernel::StoreError> {
        let now = ports.clock.now();
        let mut known = self.keys.lock().await;
        if let Some((since, keys)) = known.as_ref()
            && (*since..*since + KEYS_LIVE).contains(&now)
        {
            return Ok(keys.clone());
        }
        let sealed = ports.tenants.credentials_named(provider, SIGNING_KEY).await?;
        let mut keys = Vec::with_capacity(sealed.len());
        for (company, sealed) in sealed {
            if let Ok(key) = ports.secrets.open(&sealed, &credential_context(&company, provider, SIGNING_KEY))
            {
                keys.push((company, key));
            } else {
                // one company's broken secret is not the others' trouble
                tracing::error!(company.id = %company, "a signing key cannot be opened");
            }
        }
        let keys = Arc::new(keys);
        *known = Some((now, keys.clone()));
        Ok(keys)
    }
}
