//! Providers behind their guards: what the port's users and the provider see of it.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::{
    Ports,
    guarded::{EngineBudgets, GuardSettings, GuardedEngine, GuardedRecordings, Limit, ProviderGuard},
    ports::{
        AcceptedByEngine, AnalysisEngine, Budget, CallsSince, Credentials, EngineStatus, ListedCalls, Rate,
        RateLimiter, RecordingDownload, RecordingSource, Ruling, SubmitRequest, Whose,
    },
    worker::{WorkerSettings, run_worker},
};
use async_trait::async_trait;
use breaker::{BreakerPolicy, Standing};
use bytes::Bytes;
use calls::CallType;
use futures_util::{StreamExt, TryStreamExt, future::join_all, stream};
use kernel::{CallId, CompanyId, Hold, Provider, ProviderError, Secret};
use queue::{JobState, Queue};
use serde_json::{Value, json};
use testkit::{Database, Dice, ManualClock, World};
use tokio_util::sync::CancellationToken;

use crate::setup::{call_with_recording, jobs, tenant};

type Answer = Box<dyn Fn() -> Result<(), ProviderError> + Send + Sync>;

/// A provider of both kinds that answers as it is told, and counts.
struct Told {
    answer: Mutex<Answer>,
    asked: AtomicUsize,
}

impl Told {
    fn new() -> Arc<Self> {
        Arc::new(Self { answer: Mutex::new(Box::new(|| Ok(()))), asked: AtomicUsize::new(0) })
    }

    fn says(&self, answer: impl Fn() -> Result<(), ProviderError> + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Box::new(answer);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn ask(&self) -> Result<(), ProviderError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        (self.answer.lock().unwrap())()
    }
}

fn down() -> ProviderError {
    ProviderError::Unavailable { reason: "503".to_owned(), retry_after: None }
}

#[async_trait]
impl RecordingSource for Told {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }
    async fn download(&self, _: &Credentials, id: &str) -> Result<RecordingDownload, ProviderError> {
        if id == "slow" {
            self.asked.fetch_add(1, Ordering::SeqCst);
            return std::future::pending().await;
        }
        self.ask()?;
        let body = stream::iter(["RI", "FF"]).map(|part| Ok(Bytes::from_static(part.as_bytes()))).boxed();
        Ok(RecordingDownload { content_type: None, length: None, body })
    }
    async fn list_calls(&self, _: &Credentials, _: &CallsSince) -> Result<ListedCalls, ProviderError> {
        self.ask().map(|()| ListedCalls { events: Vec::new(), next_page: None })
    }
}

#[async_trait]
impl AnalysisEngine for Told {
    fn max_audio_bytes(&self) -> u64 {
        7
    }
    async fn submit(&self, _: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError> {
        self.ask().map(|()| AcceptedByEngine { task_id: None })
    }
    async fn start_analysis(&self, _: &CompanyId, _: CallId) -> Result<(), ProviderError> {
        self.ask()
    }
    async fn status(&self, _: &CompanyId, _: CallId) -> Result<EngineStatus, ProviderError> {
        self.ask().map(|()| EngineStatus::Processing)
    }
    async fn result(&self, _: &CompanyId, _: CallId) -> Result<Value, ProviderError> {
        self.ask().map(|()| json!({}))
    }
    async fn transcript(&self, _: &CompanyId, _: CallId) -> Result<Value, ProviderError> {
        self.ask().map(|()| json!({}))
    }
}

/// One process's guards and what they stand before.
struct Bench {
    told: Arc<Told>,
    clock: Arc<ManualClock>,
    guard: Arc<ProviderGuard>,
    recordings: GuardedRecordings,
}

impl Bench {
    fn new() -> Self {
        Self::with(cache_memory::shared().limiter, Vec::new())
    }

    fn with(limiter: Arc<dyn RateLimiter>, limits: Vec<Limit>) -> Self {
        let (told, clock) = (Told::new(), Arc::new(ManualClock::default()));
        let guard = guard(Provider::Callrail, limiter, clock.clone());
        let recordings = GuardedRecordings::new(told.clone(), guard.clone(), limits);
        Self { told, clock, guard, recordings }
    }

    async fn list(&self, account: &str) -> Result<(), ProviderError> {
        let since = CallsSince { since: Database::now(), page: None };
        self.recordings.list_calls(&credentials(account, "key"), &since).await.map(|_| ())
    }

    /// Fails until the account's breaker is open.
    async fn opens(&self, account: &str) {
        self.told.says(|| Err(down()));
        for _ in 0..5 {
            self.list(account).await.unwrap_err();
        }
        assert_eq!(held(self.list(account).await).0, Hold::Failing);
    }
}

fn guard(provider: Provider, limiter: Arc<dyn RateLimiter>, clock: Arc<ManualClock>) -> Arc<ProviderGuard> {
    let (policy, dice) = (BreakerPolicy::default(), Arc::new(Dice(0.0)));
    ProviderGuard::new(GuardSettings { provider, policy, limiter, clock, dice })
}

fn credentials(account: &str, key: &str) -> Credentials {
    Credentials { account_id: account.to_owned(), api_key: Secret::new(key.to_owned()) }
}

fn held<T>(answer: Result<T, ProviderError>) -> (Hold, u64) {
    match answer {
        Err(ProviderError::Held { why, retry_after }) => (why, retry_after.as_secs()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it went through"),
    }
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_no_more_until_one_call_finds_it_back() {
    let bench = Bench::new();
    bench.told.says(|| Err(down()));
    for turn in 0..4 {
        let error = bench.list("a").await.unwrap_err();
        assert!(matches!(error, ProviderError::Unavailable { .. }), "{turn}: {error}");
    }
    // the one that opens it is to wait as well, instead of losing an attempt
    assert_eq!(held(bench.list("a").await), (Hold::Failing, 30));
    for _ in 0..100 {
        assert_eq!(held(bench.list("a").await), (Hold::Failing, 30));
        assert_eq!(held(bench.recordings.download(&credentials("a", "key"), "r").await), (Hold::Failing, 30));
    }
    assert_eq!(bench.told.asked(), 5);
    // a probe that fails costs no attempt either
    bench.clock.advance(chrono::Duration::seconds(30));
    assert_eq!(held(bench.list("a").await), (Hold::Failing, 60));
    assert_eq!(bench.told.asked(), 6);
    let sight = bench.guard.look();
    assert_eq!((sight.standing, sight.accounts, sight.everybody), (Standing::Open, 1, false));
    assert_eq!(sight.since, Some(Database::now()));
    bench.clock.advance(chrono::Duration::seconds(60));
    bench.told.says(|| Ok(()));
    bench.list("a").await.unwrap();
    bench.list("a").await.unwrap();
    assert_eq!(bench.guard.look().standing, Standing::Closed);
}

#[tokio::test]
async fn answers_that_are_refusals_open_nothing() {
    let bench = Bench::new();
    let code = || "4xx".to_owned();
    let refusals: [fn(String) -> ProviderError; 3] = [
        |code| ProviderError::Rejected { code },
        |code| ProviderError::NotFound { code },
        |code| ProviderError::KeyRefused { code },
    ];
    for refusal in refusals {
        bench.told.says(move || Err(refusal(code())));
        for _ in 0..50 {
            let error = bench.list("a").await.unwrap_err();
            assert_eq!(error.to_string(), refusal(code()).to_string(), "it is told as it is");
        }
    }
    assert_eq!(bench.told.asked(), 150);
    bench.told.says(|| Err(ProviderError::Timeout));
    for _ in 0..5 {
        bench.list("a").await.unwrap_err();
    }
    assert_eq!(held(bench.list("a").await).0, Hold::Failing, "no answer is another matter");
}

#[tokio::test]
async fn a_bad_account_holds_up_no_other_and_cannot_be_made_bad_without_its_key() {
    let bench = Bench::new();
    bench.opens("a").await;
    bench.told.says(|| Ok(()));
    bench.list("b").await.unwrap();
    let since = CallsSince { since: Database::now(), page: None };
    bench.recordings.list_calls(&credentials("a", "another key"), &since).await.unwrap();
    assert_eq!(held(bench.list("a").await).0, Hold::Failing);
}

#[tokio::test]
async fn a_download_that_has_begun_goes_on() {
    let bench = Bench::new();
    let download = bench.recordings.download(&credentials("a", "key"), "r").await.unwrap();
    bench.opens("a").await;
    let parts: Vec<Bytes> = download.body.try_collect().await.unwrap();
    assert_eq!(parts.concat(), b"RIFF");
}

#[tokio::test]
async fn of_many_calls_at_once_one_is_the_probe() {
    let bench = Bench::new();
    bench.opens("a").await;
    let before = bench.told.asked();
    bench.clock.advance(chrono::Duration::seconds(30));
    // nobody knows how this ends until it has ended
    let credentials = credentials("a", "key");
    let mut slow = Box::pin(bench.recordings.download(&credentials, "slow"));
    assert!(futures_util::poll!(slow.as_mut()).is_pending());
    for answer in join_all((0..20).map(|_| bench.list("a"))).await {
        assert_eq!(held(answer), (Hold::Failing, 5));
    }
    assert_eq!(bench.told.asked(), before + 1);
}

#[tokio::test]
async fn a_call_whose_job_is_dropped_leaves_its_place_and_counts_if_it_took_long() {
    let bench = Bench::new();
    bench.opens("a").await;
    bench.clock.advance(chrono::Duration::seconds(30));
    let begin = async || {
        let credentials = credentials("a", "key");
        let mut slow = Box::pin(bench.recordings.download(&credentials, "slow"));
        assert!(futures_util::poll!(slow.as_mut()).is_pending());
        assert_eq!(held(bench.list("a").await), (Hold::Failing, 5));
        bench.clock.advance(chrono::Duration::seconds(10));
    };
    begin().await;
    begin().await;
    bench.told.says(|| Ok(()));
    bench.list("a").await.unwrap();
    // five that were cut off after half a minute each
    for _ in 0..5 {
        let credentials = credentials("a", "key");
        let mut slow = Box::pin(bench.recordings.download(&credentials, "slow"));
        assert!(futures_util::poll!(slow.as_mut()).is_pending());
        bench.clock.advance(chrono::Duration::seconds(30));
    }
    assert_eq!(held(bench.list("a").await).0, Hold::Failing);
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_be_left_alone_is_kept_by_all_who_ask_for_the_account() {
    let limiter = cache_memory::shared().limiter;
    let (one, other) = (Bench::with(limiter.clone(), Vec::new()), Bench::with(limiter, Vec::new()));
    one.told.says(|| Err(ProviderError::Throttled { retry_after: Some(Duration::from_secs(90)) }));
    assert_eq!(
        held(one.list("a").await),
        (Hold::Throttled, 90),
        "the job it was said to waits like any other"
    );
    assert_eq!(held(one.list("a").await), (Hold::Throttled, 90));
    assert_eq!(one.told.asked(), 1);
    // another process hears of it without asking
    assert_eq!(held(other.list("a").await), (Hold::Throttled, 90));
    assert_eq!(other.told.asked(), 0);
    other.list("b").await.unwrap();
    assert_eq!(one.guard.look().standing, Standing::Closed);
    assert_eq!(one.guard.look().slowed, 1);
    tokio::time::advance(Duration::from_secs(90)).await;
    other.list("a").await.unwrap();
    // said without a time it is given a little, and more the next time
    other.told.says(|| Err(ProviderError::Throttled { retry_after: None }));
    assert_eq!(held(other.list("a").await), (Hold::Throttled, 1));
    tokio::time::advance(Duration::from_secs(1)).await;
    other.clock.advance(chrono::Duration::seconds(1));
    assert_eq!(held(other.list("a").await), (Hold::Throttled, 2));
}

#[tokio::test(start_paused = true)]
async fn calls_over_the_budget_are_told_one_after_the_other_when_there_is_room() {
    let limiter = cache_memory::shared().limiter;
    let limits = || vec![Limit { what: "x", rate: Rate { count: 3, per: Duration::from_secs(12) } }];
    let (one, other) = (Bench::with(limiter.clone(), limits()), Bench::with(limiter, limits()));
    assert_eq!(one.guard.look().budget, None);
    for bench in [&one, &other, &one] {
        bench.list("a").await.unwrap();
    }
    let turns: Vec<_> = join_all((0..4).map(|_| one.list("a"))).await.into_iter().map(held).collect();
    assert_eq!(turns, [(Hold::Budget, 4), (Hold::Budget, 8), (Hold::Budget, 12), (Hold::Budget, 16)]);
    let left = one.guard.look().budget.unwrap();
    assert_eq!((left.remaining, left.limit), (0, 3));
    assert_eq!(one.told.asked() + other.told.asked(), 3);
    other.list("b").await.expect("another account has its own");
    tokio::time::advance(Duration::from_secs(4)).await;
    other.list("a").await.expect("there is room for one");
    other.list("a").await.unwrap_err();
}

/// A limiter that cannot tell.
struct Away;

#[async_trait]
impl RateLimiter for Away {
    async fn take(&self, _: Whose<'_>, _: &[Budget<'_>]) -> Ruling {
        Ruling::Undecided
    }
    async fn hold(&self, _: Whose<'_>, _: Duration) {}
    async fn held(&self, _: Whose<'_>) -> Option<Duration> {
        None
    }
}

#[tokio::test]
async fn while_nobody_can_count_calls_go_on_and_this_process_still_keeps_what_it_was_told() {
    let limits = vec![Limit { what: "x", rate: Rate { count: 1, per: Duration::from_hours(1) } }];
    let bench = Bench::with(Arc::new(Away), limits);
    for _ in 0..10 {
        bench.list("a").await.unwrap();
    }
    bench.told.says(|| Err(ProviderError::Throttled { retry_after: Some(Duration::from_secs(90)) }));
    assert_eq!(held(bench.list("a").await), (Hold::Throttled, 90));
    assert_eq!(held(bench.list("a").await), (Hold::Throttled, 90));
    assert_eq!(bench.told.asked(), 11);
}

#[tokio::test(start_paused = true)]
async fn every_call_to_the_engine_is_guarded_for_its_company() {
    let limiter = cache_memory::shared().limiter;
    let (told, clock) = (Told::new(), Arc::new(ManualClock::default()));
    let guard = guard(Provider::Shunya, limiter, clock);
    let budgets = EngineBudgets {
        submissions: Some(Limit {
            what: "submissions",
            rate: Rate { count: 1, per: Duration::from_mins(1) },
        }),
        looks: Some(Limit { what: "looks", rate: Rate { count: 2, per: Duration::from_mins(1) } }),
    };
    let engine = GuardedEngine::new(told.clone(), guard.clone(), budgets);
    assert_eq!(engine.max_audio_bytes(), 7);
    let (ours, theirs) = (CompanyId::try_new("org_a").unwrap(), CompanyId::try_new("org_b").unwrap());
    let request = |company: &CompanyId| SubmitRequest {
        idempotency_key: "k".to_owned(),
        company: company.clone(),
        call: CallId(1),
        audio_url: Secret::new("https://blobs.example/a".to_owned()),
        call_type: CallType::CsrCall,
        time_zone: None,
        started_at: Database::now(),
    };
    engine.submit(&request(&ours)).await.unwrap();
    assert_eq!(held(engine.submit(&request(&ours)).await).0, Hold::Budget);
    engine.submit(&request(&theirs)).await.unwrap();
    for _ in 0..2 {
        engine.status(&ours, CallId(1)).await.unwrap();
    }
    assert_eq!(held(engine.status(&ours, CallId(1)).await).0, Hold::Budget);
    // what a look found may be fetched
    engine.result(&ours, CallId(1)).await.unwrap();
    let before = told.asked();
    told.says(|| Err(down()));
    engine.start_analysis(&ours, CallId(1)).await.unwrap_err();
    engine.result(&ours, CallId(1)).await.unwrap_err();
    engine.transcript(&ours, CallId(1)).await.unwrap_err();
    engine.start_analysis(&ours, CallId(1)).await.unwrap_err();
    assert_eq!(held(engine.result(&ours, CallId(1)).await).0, Hold::Failing);
    for refused in [
        engine.submit(&request(&ours)).await.map(drop),
        engine.start_analysis(&ours, CallId(1)).await,
        engine.status(&ours, CallId(1)).await.map(drop),
        engine.result(&ours, CallId(1)).await.map(drop),
        engine.transcript(&ours, CallId(1)).await.map(drop),
    ] {
        assert_eq!(held(refused).0, Hold::Failing);
    }
    assert_eq!(told.asked(), before + 5);
    told.says(|| Ok(()));
    engine.result(&theirs, CallId(2)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_for_a_day_costs_no_recording_and_hardly_an_attempt() {
    const CALLS: usize = 6;
    let clock = Arc::new(crate::virtual_time::RuntimeClock::default());
    let world = World::with_clock(testkit::sqlite().await, Arc::new(ManualClock::default()), clock.clone());
    let scope = tenant(&world, "org_a").await;
    let told = Told::new();
    told.says(|| Err(down()));
    let settings = GuardSettings {
        provider: Provider::Callrail,
        policy: BreakerPolicy::default(),
        limiter: cache_memory::shared().limiter,
        clock,
        dice: Arc::new(Dice(0.5)),
    };
    let callrail: Arc<dyn RecordingSource> =
        Arc::new(GuardedRecordings::new(told.clone(), ProviderGuard::new(settings), Vec::new()));
    let ports = Arc::new(Ports { callrail, ..world.ports.as_ref().clone() });
    for number in 0..CALLS {
        call_with_recording(&world, &scope, &format!("CAL{number}")).await;
    }
    let shutdown = CancellationToken::new();
    let mut settings = WorkerSettings::all_queues("w1".to_owned());
    settings.queues.retain(|(queue, _)| *queue == Queue::Asr);
    let worker = tokio::spawn(run_worker(ports, settings, shutdown.clone()));
    tokio::time::sleep(Duration::from_hours(24)).await;
    // one look every five minutes or so, however many wait
    let asked = told.asked();
    assert!((200..400).contains(&asked), "{asked}");
    for job in jobs(&world, Queue::Asr).await {
        assert_eq!(job.state, JobState::Ready);
        assert!(job.attempts <= 1, "{} attempts", job.attempts);
        let waits_for = "the provider is left alone for now: it has not been answering";
        assert_eq!(job.last_error.as_deref(), Some(waits_for));
    }
    told.says(|| Err(ProviderError::NotFound { code: "404".to_owned() }));
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert!(told.asked() >= asked + CALLS, "all of them have asked again");
    shutdown.cancel();
    worker.await.unwrap();
}
