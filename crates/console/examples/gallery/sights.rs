//! A busy afternoon.

use app::{
    ports::{BudgetLeft, InboxEntry, JobLine, NewInboxEntry, Part, PartRole, ProviderSight, QueueDepth},
    reads::{
        BookingRatePoint, CallLine, Headline, InboxCount, PipelineCounts, PipelineSnapshot, StageCount,
        TopObjection,
    },
};
use breaker::Standing;
use calls::CallStage;
use chrono::{Days, Duration};
use idempotency::InboxState;
use kernel::{CallId, CompanyId, InboxId, Provider, Timestamp};
use queue::{JobState, Queue};
use serde_json::json;

use super::{
    samples::{call, draw, id},
    unused::job_id,
    world::{Sights, company},
};

/// The number of the newest call.
pub const NEWEST: i64 = 4330;
/// What no page may show.
pub const SIGNATURE: &str = "UZAHbUdfm3GqL7qzilGozGzWV64=";

fn calls(now: Timestamp) -> Vec<CallLine> {
    let first = [
        "ringing",
        "in_progress",
        "in_progress",
        "fetching_recording",
        "analysing",
        "recorded",
        "analysing",
        "missed",
        "awaiting_recording",
        "analysed",
        "failed",
    ];
    (0..140_i64)
        .map(|back| {
            let number = NEWEST - back;
            let stage = match usize::try_from(back).ok().and_then(|at| first.get(at)) {
                Some(stage) => stage,
                None => match draw(number, 21, 16) {
                    0 | 1 => "missed",
                    2 => "no_recording",
                    _ => "analysed",
                },
            };
            call(number, stage, now - Duration::seconds(20 + back * 197 + draw(number, 22, 120)))
        })
        .collect()
}

fn pipeline(now: Timestamp) -> PipelineSnapshot {
    let counts = [1, 2, 412, 1, 37, 1, 1, 2, 3829, 2];
    let stages = CallStage::ALL.iter().zip(counts);
    let stages =
        stages.map(|(stage, count)| StageCount { stage: stage.as_str().to_owned(), count }).collect();
    let inbox = |provider: &str, state: &str, count, duplicates| InboxCount {
        provider: provider.to_owned(),
        state: state.to_owned(),
        count,
        duplicates,
    };
    let depth = |queue: &str, state, count, seconds| QueueDepth {
        queue: queue.to_owned(),
        state,
        count,
        oldest: Some(now - Duration::seconds(seconds)),
    };
    PipelineSnapshot {
        stages,
        inbox: vec![
            inbox("callrail", "applied", 12_874, 318),
            inbox("callrail", "ignored", 61, 0),
            inbox("callrail", "quarantined", 3, 1),
            inbox("shunya", "applied", 3791, 1204),
            inbox("shunya", "received", 2, 0),
            inbox("shunya", "waiting", 1, 0),
        ],
        queues: vec![
            depth("asr", JobState::Ready, 1, 3),
            depth("asr", JobState::Running, 2, 1),
            depth("analysis", JobState::Running, 1, 0),
            depth("shunya", JobState::Ready, 4, -40),
            depth("shunya", JobState::Running, 1, 2),
            depth("shunya", JobState::Dead, 2, 90_000),
        ],
        counts: PipelineCounts {
            calls: 4288,
            analysed: 3829,
            booked: 1702,
            contacts: 2960,
            leads: 2417,
            appointments: 1655,
            tasks: 3120,
            signals: 904,
            retries: 211,
            dead_jobs: 2,
        },
    }
}

fn webhook(number: i64, whose: Option<CompanyId>, state: InboxState, at: Timestamp) -> InboxEntry {
    let shunya = number % 3 == 0;
    let body = if shunya {
        json!({ "event": "analysis.completed", "company_id": whose, "call_id": NEWEST - number,
            "task_id": format!("task_{number:06}"),
            "result": { "summary": { "summary": "Leak after a storm; inspection booked." },
                "qualification": { "qualification_status": "hot", "booking_status": "booked", "overall_score": 0.91 },
                "objections": { "objections": [], "total_objections": 0 }, "sentiment_score": 0.64 } })
    } else {
        json!({ "resource_id": format!("CAL{number:012x}"), "answered": true, "direction": "inbound", "duration": 272,
            "customer_name": "Dana Whitfield", "customer_phone_number": "+16025550142", "source_name": "Google Ads",
            "recording": format!("https://api.callrail.com/v3/a/1/calls/{number}/recording.json"), "tags": [] })
    };
    let mut proof = vec![("signature".to_owned(), SIGNATURE.to_owned())];
    if shunya {
        proof = vec![
            ("x-shunya-signature".to_owned(), SIGNATURE.to_owned()),
            ("x-shunya-timestamp".to_owned(), "1795399200000".to_owned()),
        ];
    }
    InboxEntry {
        company: whose,
        entry: NewInboxEntry {
            id: InboxId(id(8, 9000 - number)),
            provider: if shunya { Provider::Shunya } else { Provider::Callrail },
            kind: if shunya { "analysis" } else { "call.completed" }.to_owned(),
            event_key: "4f1b2b0b822cd15d6c15b0f00a089f86d081884c7d659a2feaa0c55ad015a3bf".to_owned(),
            match_key: shunya.then(|| format!("task:task_{number:06}")),
            state,
            reason: (state == InboxState::Quarantined).then(|| "malformed_body".to_owned()),
            path: if shunya { "/api/v1/shunya/webhook" } else { "/callrail/call.completed" }.to_owned(),
            query: String::new(),
            content_type: Some("application/json".to_owned()),
            proof,
            body: body.to_string().into_bytes(),
            trace: None,
            call: (state == InboxState::Applied).then_some(CallId(NEWEST - number)),
            received_at: at,
        },
        duplicates: i32::try_from(draw(number, 31, 6) / 4).unwrap_or_default(),
        processed_at: Some(at + Duration::milliseconds(18)),
    }
}

fn inbox(now: Timestamp) -> Vec<InboxEntry> {
    (0..130)
        .map(|back| {
            let state = match back % 13 {
                3 => InboxState::Ignored,
                7 => InboxState::Quarantined,
                0 if back == 0 => InboxState::Received,
                2 if back < 3 => InboxState::Waiting,
                _ => InboxState::Applied,
            };
            let whose = match back % 40 {
                38 => None,
                39 => Some(CompanyId::try_new("org_2other").expect("an id")),
                _ => Some(company()),
            };
            webhook(back, whose, state, now - Duration::seconds(4 + back * 71))
        })
        .collect()
}

fn job(back: i64, now: Timestamp) -> JobLine {
    let (kind, queue) = match back % 4 {
        0 => ("recording.fetch", "asr"),
        1 => ("shunya.submit", "shunya"),
        2 => ("shunya.poll", "shunya"),
        _ => ("analysis.apply", "analysis"),
    };
    let (state, error) = match back {
        0 => (JobState::Ready, None),
        1 | 2 => (JobState::Running, None),
        6 => (JobState::Dead, Some("rejected: the provider refused the request (audio_too_long)")),
        9 => (JobState::Ready, Some("unavailable: the provider is unavailable (503)")),
        17 => (JobState::Cancelled, None),
        _ => (JobState::Done, None),
    };
    let at = now - Duration::seconds(2 + back * 23);
    let ended = matches!(state, JobState::Done | JobState::Dead | JobState::Cancelled);
    JobLine {
        id: job_id(u128::try_from(9000 - back).unwrap_or_default()),
        company: Some(company()),
        queue: queue.to_owned(),
        kind: kind.to_owned(),
        args: match back % 4 {
            0 => json!({ "v": 1, "call": NEWEST - back }),
            3 => json!({ "v": 1, "inbox": id(8, 9000 - back) }),
            _ => json!({ "v": 1, "shunya_job": id(9, NEWEST - back) }),
        },
        state,
        attempts: if back == 6 { 8 } else { 1 + i32::from(back % 7 == 2) + i32::from(back == 9) },
        max_attempts: 8,
        snoozes: i32::from(back % 4 == 2) * 3,
        run_at: if back == 9 { now + Duration::seconds(52) } else { at },
        worker: (state == JobState::Running).then(|| "otto-worker-1".to_owned()),
        lease_until: (state == JobState::Running).then(|| now + Duration::seconds(41)),
        last_error: error.map(str::to_owned),
        created_at: at,
        started_at: (back != 0).then_some(at),
        finished_at: ended.then(|| at + Duration::milliseconds(40 + draw(back, 41, 1900))),
    }
}

/// All of it.
pub fn busy(now: Timestamp) -> Sights {
    let objection = |label: &str, percentage| TopObjection { label: label.to_owned(), percentage };
    let today = now.date_naive();
    let rates = (0..45_u64).map(|back| BookingRatePoint {
        date: today.checked_sub_days(Days::new(44 - back)).unwrap_or(today),
        rate: match i64::try_from(back).unwrap_or_default() {
            // closed on this day of the week; on one of them somebody called and did not book
            32 => 0.0,
            day if day % 7 == 4 => 0.0,
            day if day % 7 == 3 => 31.0 + draw(day, 51, 900) as f64 / 100.0,
            day => 41.0 + day as f64 / 4.0 + draw(day, 51, 1600) as f64 / 100.0,
        },
        qualified: if back % 7 == 4 && back != 32 { 0 } else { 9 },
    });
    Sights {
        calls: calls(now),
        pipeline: pipeline(now),
        headline: Headline::of(1241, 868, 471),
        rates: rates.collect(),
        objections: vec![
            objection("price too high", 38.24),
            objection("needs to consult spouse", 27.5),
            objection("getting other quotes", 21.08),
            objection("not ready yet", 14.7),
            objection("bad earlier experience", 6.13),
            objection("warranty too short", 2.2),
        ],
        inbox: inbox(now),
        jobs: (0..120).map(|back| job(back, now)).collect(),
    }
}

/// Nothing yet.
pub fn quiet(_: Timestamp) -> Sights {
    Sights {
        calls: Vec::new(),
        pipeline: PipelineSnapshot {
            stages: CallStage::ALL
                .map(|stage| StageCount { stage: stage.as_str().to_owned(), count: 0 })
                .to_vec(),
            inbox: Vec::new(),
            queues: Vec::new(),
            counts: PipelineCounts::default(),
        },
        headline: Headline::of(0, 0, 0),
        rates: Vec::new(),
        objections: Vec::new(),
        inbox: Vec::new(),
        jobs: Vec::new(),
    }
}

/// Who is there. On a busy afternoon Shunya is having a bad one; before the first call everything is well.
pub fn parts(now: Timestamp, quiet: bool) -> Vec<Part> {
    let part = |role, id: &str, providers| Part {
        role,
        id: id.to_owned(),
        queues: if role == PartRole::Worker { Queue::ALL.to_vec() } else { Vec::new() },
        version: "1.2.3".to_owned(),
        started_at: now - Duration::hours(30),
        providers,
    };
    let well = |provider| ProviderSight {
        provider,
        standing: Standing::Closed,
        everybody: false,
        accounts: 0,
        slowed: 0,
        since: None,
        next_probe: None,
        budget: Some(BudgetLeft { remaining: 171, limit: 180 }),
    };
    let callrail = ProviderSight { slowed: u32::from(!quiet), ..well(Provider::Callrail) };
    let away = ProviderSight {
        standing: Standing::Open,
        accounts: 3,
        since: Some(now - Duration::minutes(17)),
        next_probe: Some(now + Duration::seconds(140)),
        budget: None,
        ..well(Provider::Shunya)
    };
    let shunya = if quiet { well(Provider::Shunya) } else { away };
    vec![
        part(PartRole::Worker, "otto-7-1c2d3e", vec![callrail, shunya]),
        part(PartRole::Scheduler, "otto-8-4f5a6b", Vec::new()),
    ]
}
