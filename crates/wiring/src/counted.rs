//! Ports with somebody counting.

use std::{sync::Arc, time::Duration};

use app::ports::{CacheKey, Computation, ShortCache};
use async_trait::async_trait;
use bytes::Bytes;
use kernel::StoreError;

/// A cache whose hits and computations are counted, by what is cached.
pub(crate) struct CountedCache(pub(crate) Arc<dyn ShortCache>);

#[async_trait]
impl ShortCache for CountedCache {
    async fn get_or_compute(
        &self,
        key: &CacheKey,
        life: Duration,
        compute: Computation<'_>,
    ) -> Result<Bytes, StoreError> {
        let mut computed = false;
        let noted = async {
            computed = true;
            compute.await
        };
        let value = self.0.get_or_compute(key, life, Box::pin(noted)).await;
        let outcome = match (&value, computed) {
            (Err(_), _) => "failed",
            (Ok(_), true) => "computed",
            (Ok(_), false) => "hit",
        };
        metrics::counter!("otto_short_cache_requests_total", "cache" => key.what, "outcome" => outcome)
            .increment(1);
        value
    }
}
