use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use app::ports::{
    CallWebhooks, CallsSince, Credentials, Delivery, ListedCalls, RecordingDownload, RecordingSource,
    TenantHints, Unreadable,
};
use async_trait::async_trait;
use bytes::Bytes;
use calls::{CallEvent, CallEventKind};
use futures_util::{StreamExt, stream};
use kernel::{Provider, ProviderError, Secret};
use tokio::sync::{Semaphore, oneshot};

/// What happens when a recording is asked for.
#[derive(Debug)]
pub enum Audio {
    /// It is sent.
    Sent,
    /// It is sent once the sender says so, or never if the sender is gone.
    SentAfter(oneshot::Receiver<()>),
    /// The provider refuses or fails.
    Fails(ProviderError),
    /// Our own client breaks.
    Panics,
    /// No answer ever; the sender's other end is closed when the asker gives up.
    Never(oneshot::Sender<()>),
}

/// What is answered to whoever asks for a page of the list of calls.
type Lists = Box<dyn FnMut(&CallsSince) -> Result<ListedCalls, ProviderError> + Send>;

/// A telephony provider that does what it is told, one recording after the other, and sends every further one at once.
/// Every call is of the company it calls `COM-org_a`, unless it is told otherwise, and its list is empty.
pub struct FakeProvider {
    owner: Mutex<TenantHints>,
    lists: Mutex<Lists>,
    script: Mutex<VecDeque<Audio>>,
    asked: Semaphore,
    times: AtomicUsize,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl Default for FakeProvider {
    fn default() -> Self {
        let owner = TenantHints { accounts: vec!["COM-org_a".to_owned()], tracking_number: None };
        Self {
            owner: Mutex::new(owner),
            lists: Mutex::new(Box::new(|_| Ok(ListedCalls::default()))),
            script: Mutex::default(),
            asked: Semaphore::new(0),
            times: AtomicUsize::default(),
            under_way: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
        }
    }
}

/// The audio every recording holds.
const AUDIO: &[u8] = b"RIFF the same for all";

impl FakeProvider {
    /// Whose every call is from now on.
    pub fn says(&self, owner: TenantHints) {
        *self.owner.lock().unwrap() = owner;
    }

    /// What its list of calls is from now on.
    pub fn lists(
        &self,
        answer: impl FnMut(&CallsSince) -> Result<ListedCalls, ProviderError> + Send + 'static,
    ) {
        *self.lists.lock().unwrap() = Box::new(answer);
    }

    /// What to do with the next recording asked for that nothing was said about yet.
    pub fn then(&self, audio: Audio) {
        self.script.lock().unwrap().push_back(audio);
    }

    /// Sends the next recording only when told to.
    pub fn then_wait(&self) -> oneshot::Sender<()> {
        let (go, wait) = oneshot::channel();
        self.then(Audio::SentAfter(wait));
        go
    }

    /// Never answers the next request; the answer here is when the asker has given up.
    pub fn then_never(&self) -> oneshot::Receiver<()> {
        let (held, given_up) = oneshot::channel();
        self.then(Audio::Never(held));
        given_up
    }

    /// Waits until a recording is asked for; each request ends one wait.
    pub async fn asked(&self) {
        self.asked.acquire().await.expect("never closed").forget();
    }

    /// How often a recording was asked for.
    pub fn times(&self) -> usize {
        self.times.load(Ordering::SeqCst)
    }

    /// The most recordings that were under way at once.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }
}

struct UnderWay<'a>(&'a FakeProvider);

impl<'a> UnderWay<'a> {
    fn begin(provider: &'a FakeProvider) -> Self {
        let now = provider.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        provider.most_at_once.fetch_max(now, Ordering::SeqCst);
        Self(provider)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl RecordingSource for FakeProvider {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }

    async fn download(
        &self,
        _credentials: &Credentials,
        _recording_id: &str,
    ) -> Result<RecordingDownload, ProviderError> {
        let _counted = UnderWay::begin(self);
        self.times.fetch_add(1, Ordering::SeqCst);
        let audio = self.script.lock().unwrap().pop_front().unwrap_or(Audio::Sent);
        self.asked.add_permits(1);
        match audio {
            Audio::Sent => {}
            Audio::SentAfter(wait) => drop(wait.await),
            Audio::Fails(error) => return Err(error),
            Audio::Panics => panic!("the client broke"),
            Audio::Never(held) => {
                std::future::pending::<()>().await;
                drop(held);
            }
        }
        let body = stream::once(async { Ok(Bytes::from_static(AUDIO)) }).boxed();
        Ok(RecordingDownload {
            content_type: Some("audio/wav".to_owned()),
            length: Some(u64::try_from(AUDIO.len()).expect("short")),
            body,
        })
    }

    async fn whose(&self, _: &Credentials, _call_id: &str) -> Result<TenantHints, ProviderError> {
        Ok(self.owner.lock().unwrap().clone())
    }

    async fn list_calls(
        &self,
        _credentials: &Credentials,
        since: &CallsSince,
    ) -> Result<ListedCalls, ProviderError> {
        (self.lists.lock().unwrap())(since)
    }
}

/// Webhooks nobody sends.
#[derive(Debug, Default)]
pub struct FakeCallWebhooks;

impl CallWebhooks for FakeCallWebhooks {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }

    fn hints(&self, _delivery: &Delivery) -> TenantHints {
        TenantHints::default()
    }

    fn has_proof(&self, _delivery: &Delivery) -> bool {
        false
    }

    fn verify(&self, _delivery: &Delivery, _key: &Secret) -> bool {
        false
    }

    fn read(&self, _delivery: &Delivery, _kind: CallEventKind) -> Result<CallEvent, Unreadable> {
        Err(Unreadable::Malformed)
    }
}
