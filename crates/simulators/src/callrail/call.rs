//! One call as CallRail knows it, and all of them.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    corpus::{self, Conversation},
    journal::Journal,
    settings::SimulatedTenant,
};

/// Where a call's recording stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Recorded {
    /// There is none and will be none.
    Never,
    /// It will be attached when the call is over.
    Later,
    /// It is attached.
    Attached,
}

/// One call.
#[expect(clippy::struct_excessive_bools, reason = "they are the provider's own flags")]
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SimCall {
    pub(crate) index: u64,
    /// `CAL…`
    pub(crate) id: String,
    /// The older, numeric id.
    pub(crate) legacy_id: u64,
    pub(crate) company_id: u64,
    pub(crate) company_resource_id: String,
    pub(crate) company_name: String,
    pub(crate) company_time_zone: String,
    pub(crate) conversation: String,
    pub(crate) is_outbound: bool,
    pub(crate) answered: bool,
    pub(crate) voicemail: bool,
    /// Seconds from the first ring to the end.
    pub(crate) duration: u64,
    pub(crate) recording_duration: u64,
    pub(crate) started_at: Timestamp,
    pub(crate) customer_phone: String,
    pub(crate) customer_name: String,
    pub(crate) customer_city: String,
    pub(crate) customer_state: String,
    pub(crate) tracking_phone: String,
    pub(crate) business_phone: String,
    /// How often this customer had called this company before.
    pub(crate) prior_calls: u64,
    /// Where the customer found the number.
    pub(crate) source: Source,
    pub(crate) recorded: Recorded,
    /// Whether it is over.
    pub(crate) ended: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) note: String,
}

/// Where a customer found a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    GoogleAds,
    GoogleOrganic,
    Direct,
    Referral,
}

impl Source {
    pub(crate) const ALL: [Self; 4] = [Self::GoogleAds, Self::GoogleOrganic, Self::Direct, Self::Referral];
}

impl SimCall {
    /// What is said in it.
    pub(crate) fn talk(&self) -> Option<&'static Conversation> {
        corpus::find(&self.conversation)
    }

    /// CallRail's word for it.
    pub(crate) fn call_type(&self) -> &'static str {
        match (self.is_outbound, self.answered, self.voicemail) {
            (true, ..) => "outbound",
            (false, true, _) => "answered",
            (false, false, true) => "voicemail",
            (false, false, false) => "missed",
        }
    }
}

/// A recording made available under an id of somebody else's choice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Registered {
    pub(crate) recording_of: String,
    pub(crate) conversation: String,
    /// `COM…`, whose call it is; of the first demo company, where nobody said.
    #[serde(default)]
    pub(crate) company: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Call(Box<SimCall>),
    Recording(Registered),
}

/// All calls, in memory and in the journal.
#[derive(Debug)]
pub(crate) struct Calls {
    known: Mutex<Known>,
    journal: Option<Journal>,
}

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<String, SimCall>,
    by_legacy_id: HashMap<u64, String>,
    registered: HashMap<String, Registered>,
    next_index: u64,
    next_ordered: u64,
}

/// Calls ordered one by one from outside are numbered from here, out of the way of traffic that counts by itself.
const FIRST_ORDERED: u64 = 1 << 40;

impl Known {
    fn add(&mut self, call: SimCall) {
        if call.index < FIRST_ORDERED {
            self.next_index = self.next_index.max(call.index + 1);
        } else {
            self.next_ordered = self.next_ordered.max(call.index + 1);
        }
        self.by_legacy_id.insert(call.legacy_id, call.id.clone());
        self.by_id.insert(call.id.clone(), call);
    }
}

impl Calls {
    /// The calls of an earlier process, where there is a place they were kept. What was going on when it died is over.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let mut known = Known::default();
        let journal = match folder {
            None => None,
            Some(folder) => {
                let (journal, lines) = Journal::open(folder, "callrail.jsonl", latest)?;
                for line in lines {
                    match line {
                        Line::Call(call) => known.add(over(*call)),
                        Line::Recording(recording) => {
                            known.registered.insert(recording.recording_of.clone(), recording);
                        }
                    }
                }
                Some(journal)
            }
        };
        Ok(Self { known: Mutex::new(known), journal })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, line: &Line) {
        if let Some(journal) = &self.journal {
            journal.add(line);
        }
    }

    /// Adds a call, or replaces it.
    pub(crate) fn put(&self, call: SimCall) {
        let mut known = self.lock();
        self.keep(&Line::Call(Box::new(call.clone())));
        known.add(call);
    }

    /// Makes a recording of a conversation available under an id.
    pub(crate) fn register(&self, recording: Registered) {
        let mut known = self.lock();
        self.keep(&Line::Recording(recording.clone()));
        known.registered.insert(recording.recording_of.clone(), recording);
    }

    /// A call by either id.
    pub(crate) fn find(&self, id: &str) -> Option<SimCall> {
        let known = self.lock();
        let legacy = || known.by_legacy_id.get(&id.parse().ok()?);
        known.by_id.get(id).or_else(|| known.by_id.get(legacy()?)).cloned()
    }

    /// The conversation whose recording was registered under an id.
    pub(crate) fn registered(&self, id: &str) -> Option<&'static Conversation> {
        self.lock().registered.get(id).and_then(|recording| corpus::find(&recording.conversation))
    }

    /// Whose the call is whose recording was registered under an id.
    pub(crate) fn registered_for(&self, id: &str) -> Option<String> {
        let company = self.lock().registered.get(id)?.company.clone();
        let first = || SimulatedTenant::demo(1).into_iter().next();
        company.or_else(|| first().map(|tenant| tenant.callrail_company_resource_id))
    }

    /// How often somebody called a company before a certain time.
    pub(crate) fn prior_calls(&self, company: &str, phone: &str) -> u64 {
        let known = self.lock();
        let theirs = |call: &&SimCall| call.company_resource_id == company && call.customer_phone == phone;
        known.by_id.values().filter(theirs).count() as u64
    }

    /// The calls that are over, the earliest first.
    pub(crate) fn ended(&self) -> Vec<SimCall> {
        let mut calls: Vec<_> = self.lock().by_id.values().filter(|call| call.ended).cloned().collect();
        calls.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        calls
    }

    /// The first index nobody used yet.
    pub(crate) fn next_index(&self) -> u64 {
        self.lock().next_index
    }

    /// An index of its own for a call ordered from outside.
    pub(crate) fn ordered_index(&self) -> u64 {
        let mut known = self.lock();
        let index = known.next_ordered.max(FIRST_ORDERED);
        known.next_ordered = index + 1;
        index
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.lock().by_id.len() as u64
    }
}

/// A call whose process died meanwhile: it ended, and nobody was told.
fn over(call: SimCall) -> SimCall {
    let recorded = if call.recorded == Recorded::Later { Recorded::Attached } else { call.recorded };
    SimCall { ended: true, recorded, ..call }
}

/// The last line about each call or recording, in the order they were first spoken of.
fn latest(lines: Vec<Line>) -> Vec<Line> {
    let mut last = HashMap::new();
    let mut order = Vec::new();
    for line in lines {
        let key = match &line {
            Line::Call(call) => call.id.clone(),
            Line::Recording(recording) => format!("recording of {}", recording.recording_of),
        };
        if last.insert(key.clone(), line).is_none() {
            order.push(key);
        }
    }
    order.iter().filter_map(|key| last.remove(key)).collect()
}
