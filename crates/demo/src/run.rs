//! Making the calls, and waiting until each has reached its end.

use std::{collections::HashMap, time::Duration};

use chrono::{DateTime, SecondsFormat, Utc};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use simulators::{ExpectedEnd, SentCall, SimulatedTenant, Traffic};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{
    account::account,
    api::{ApiError, Call, OttoApi},
    report::Report,
};

/// How often to look whether calls have moved.
const LOOK_EVERY: Duration = Duration::from_millis(400);

/// What to do.
pub struct DemoOrder {
    /// Where Otto is.
    pub base_url: String,
    /// Who calls.
    pub traffic: Traffic,
    /// Whom.
    pub tenants: Vec<SimulatedTenant>,
    /// How many calls.
    pub calls: u64,
    /// How many at a time.
    pub at_once: usize,
    /// Give up when nothing has moved for this long.
    pub patience: Duration,
    /// When this began.
    pub started_at: DateTime<Utc>,
    /// Show progress bars.
    pub progress: bool,
}

/// Why the demonstration could not be held.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Otto's API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No HTTP client.
    #[error("no HTTP client can be made")]
    Client(#[from] reqwest::Error),
}

struct Bars {
    made: ProgressBar,
    ended: ProgressBar,
}

fn bars(calls: u64, shown: bool) -> Bars {
    let bar = |label: &'static str| {
        let bar = if shown { ProgressBar::new(calls) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template(
            "{prefix:>10} {bar:40.cyan/dim} {pos:>5}/{len} {elapsed_precise} {msg}",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(label);
        bar
    };
    let (made, ended) = (bar("calls"), bar("finished"));
    if shown {
        let together = MultiProgress::new();
        together.add(made.clone());
        together.add(ended.clone());
    }
    Bars { made, ended }
}

/// The stage a call must end in.
pub(crate) fn final_stage(expected: ExpectedEnd) -> &'static str {
    match expected {
        ExpectedEnd::Analysed => "analysed",
        ExpectedEnd::Missed => "missed",
        // it is final only after a day; until then it is where it should be
        ExpectedEnd::NoRecording => "awaiting_recording",
    }
}

/// Makes the calls, waits for their ends, and accounts for every one.
pub async fn run(order: DemoOrder) -> Result<Report, DemoError> {
    let ledger = Ledger::open(&order.base_url, &order.tenants, order.started_at).await?;
    let bars = bars(order.calls, order.progress);
    let (reports, made) = unbounded_channel();
    let (traffic, calls, at_once) = (order.traffic.clone(), order.calls, order.at_once);
    let making = tokio::spawn(async move { traffic.make(calls, at_once, &reports).await });
    ledger.follow(made, making, order.patience, &bars).await
}

/// What there was before calls were made, so that afterwards every one of them can be accounted for.
pub struct Ledger {
    apis: HashMap<String, OttoApi>,
    before: HashMap<String, Value>,
    started_at: DateTime<Utc>,
    begun: Instant,
}

impl Ledger {
    /// Looks at the Otto at an address. Calls made from now on can be accounted for.
    pub async fn open(
        base_url: &str,
        tenants: &[SimulatedTenant],
        started_at: DateTime<Utc>,
    ) -> Result<Self, DemoError> {
        let begun = Instant::now();
        let apis: HashMap<String, OttoApi> = tenants
            .iter()
            .map(|tenant| Ok((tenant.company_id.clone(), OttoApi::new(base_url, &tenant.company_id)?)))
            .collect::<Result<_, reqwest::Error>>()?;
        let mut before = HashMap::new();
        for (company, api) in &apis {
            before.insert(company.clone(), api.pipeline().await?);
        }
        Ok(Self { apis, before, started_at, begun })
    }

    /// Waits for the ends of calls that have been made, and accounts for every one. Gives up when nothing has moved for as
    /// long as `patience`.
    pub async fn close(self, sent: Vec<SentCall>, patience: Duration) -> Result<Report, DemoError> {
        let (reports, made) = unbounded_channel();
        for call in sent {
            // the receiver is right here
            let _ = reports.send(call);
        }
        drop(reports);
        self.follow(made, tokio::spawn(async {}), patience, &bars(0, false)).await
    }

    async fn follow(
        self,
        mut made: UnboundedReceiver<SentCall>,
        making: JoinHandle<()>,
        patience: Duration,
        bars: &Bars,
    ) -> Result<Report, DemoError> {
        let mut sent: Vec<SentCall> = Vec::new();
        // a margin for clocks, and for calls that are told to have begun before we did
        let since = (self.started_at - chrono::Duration::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut last_change = Instant::now();
        let mut ended = 0;
        let found = loop {
            while let Ok(call) = made.try_recv() {
                sent.push(call);
                bars.made.inc(1);
                last_change = Instant::now();
            }
            let found = match look(&self.apis, &since).await {
                Ok(found) => found,
                // an Otto being started again, or its database: nothing is known to have moved
                Err(error) if error.may_pass() && last_change.elapsed() <= patience => {
                    sleep(LOOK_EVERY).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let now_ended = sent.iter().filter(|call| has_ended(call, &found)).count();
            if now_ended != ended {
                ended = now_ended;
                last_change = Instant::now();
            }
            bars.ended.set_position(u64::try_from(ended).unwrap_or_default());
            bars.ended.set_message(stages(&sent, &found));
            let all_made = making.is_finished() && made.is_empty();
            if (all_made && ended == sent.len()) || last_change.elapsed() > patience {
                break found;
            }
            sleep(LOOK_EVERY).await;
        };
        bars.made.finish();
        bars.ended.finish_with_message("");
        making.abort();
        account(&self.apis, &self.before, sent, found, self.started_at, self.begun.elapsed()).await
    }
}

/// What Otto says of all calls, by the provider's id; several under one id would be a finding.
async fn look(apis: &HashMap<String, OttoApi>, since: &str) -> Result<HashMap<String, Vec<Call>>, ApiError> {
    let mut found: HashMap<String, Vec<Call>> = HashMap::new();
    for api in apis.values() {
        for call in api.calls_since(since).await? {
            found.entry(call.provider_call_id.clone()).or_default().push(call);
        }
    }
    Ok(found)
}

fn has_ended(call: &SentCall, found: &HashMap<String, Vec<Call>>) -> bool {
    let known = found.get(&call.provider_call_id).and_then(|calls| calls.first());
    match known {
        Some(known) => known.stage == final_stage(call.expected),
        // even a call none of whose events was acknowledged is found by the provider's list
        None => false,
    }
}

fn stages(sent: &[SentCall], found: &HashMap<String, Vec<Call>>) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for call in sent {
        let stage =
            found.get(&call.provider_call_id).and_then(|calls| calls.first()).map_or("unheard", |c| &c.stage);
        *counts.entry(stage).or_default() += 1;
    }
    counts.iter().map(|(stage, count)| format!("{stage} {count}")).collect::<Vec<_>>().join(" · ")
}
