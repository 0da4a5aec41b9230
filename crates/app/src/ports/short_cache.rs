use std::{future::Future, pin::Pin, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use kernel::{CompanyId, StoreError};

/// Values longer than this are answered but not kept.
pub const MAX_CACHED_BYTES: usize = 256 * 1024;

/// What a cached value is of. There is no key without a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Whose.
    pub company: CompanyId,
    /// What is cached.
    pub what: &'static str,
    /// Of whom, of when: everything the value depends on.
    pub detail: String,
}

/// How the value is had if it is not there. Not begun where it is.
pub type Computation<'a> = Pin<Box<dyn Future<Output = Result<Bytes, StoreError>> + Send + 'a>>;

/// Keeps answers for moments, and lets one caller of all processes make each.
#[async_trait]
pub trait ShortCache: Send + Sync {
    /// The value, if need be by computing it. Whoever comes while another computes waits for that, but not forever: if
    /// the other dies or dawdles, they compute for themselves. Failures are not kept. A cache that is out of reach
    /// costs the computation and nothing else.
    async fn get_or_compute(
        &self,
        key: &CacheKey,
        life: Duration,
        compute: Computation<'_>,
    ) -> Result<Bytes, StoreError>;
}
