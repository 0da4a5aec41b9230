//! Who is there to do the work, and how they get on with providers, as operators are told.

use app::{
    ports::{LinkState, Part, PartRole, ProviderSight, QueueDepth, Unknowable},
    presence::{self, Expected},
};
use breaker::Standing;
use kernel::{Timestamp, rfc3339};
use queue::JobState;
use serde_json::{Value, json};

use crate::ApiState;

/// Whoever is at work, or is just being started again, takes a moment to see a job.
const PROMPT: chrono::Duration = chrono::Duration::seconds(5);

pub(crate) struct Staff(Result<Vec<Part>, Unknowable>);

impl Staff {
    pub(crate) async fn of(state: &ApiState) -> Self {
        Self(state.ports.shared.presence.present().await)
    }

    /// Those of one role, or why nobody can say.
    pub(crate) fn told(&self, role: PartRole) -> Value {
        let parts = match &self.0 {
            Ok(parts) => parts,
            Err(why) => return json!({ "ok": null, "note": unknown(*why) }),
        };
        let alive: Vec<_> = parts
            .iter()
            .filter(|part| part.role == role)
            .map(|part| {
                let queues: Vec<_> = part.queues.iter().map(|queue| queue.as_str()).collect();
                let since = rfc3339(part.started_at);
                json!({ "id": part.id, "queues": queues, "version": part.version, "started_at": since })
            })
            .collect();
        json!({ "ok": !alive.is_empty(), "alive": alive })
    }

    /// What nobody does, in words. Says nothing where nobody can say who is there.
    pub(crate) fn missing(&self, expected: Expected, depths: &[QueueDepth], now: Timestamp) -> Vec<String> {
        let Ok(parts) = &self.0 else { return Vec::new() };
        let absent = expected.absent(parts).into_iter();
        let mut missing: Vec<_> = absent.map(|role| presence::consequence(role).to_owned()).collect();
        missing.extend(presence::providers(parts).iter().filter_map(trouble));
        for depth in depths.iter().filter(|depth| depth.state == JobState::Ready) {
            let serves = |part: &Part| part.queues.iter().any(|queue| queue.as_str() == depth.queue);
            let waited = depth.oldest.map_or(chrono::Duration::zero(), |due| now - due);
            if waited < PROMPT || parts.iter().any(|part| part.role == PartRole::Worker && serves(part)) {
                continue;
            }
            missing.push(format!(
                "queue {} has {} ready jobs, oldest {} s, and no live worker serves it",
                depth.queue,
                depth.count,
                waited.num_seconds()
            ));
        }
        missing
    }

    /// How workers get on with each provider, or why nobody can say.
    pub(crate) fn providers(&self) -> Value {
        let parts = match &self.0 {
            Ok(parts) => parts,
            Err(why) => return json!({ "ok": null, "note": unknown(*why) }),
        };
        let sights = presence::providers(parts);
        if sights.is_empty() {
            return json!({ "ok": null, "note": "unknown: no worker to say" });
        }
        let told = |sight: &ProviderSight| {
            let budget = sight.budget.map(|left| json!({ "remaining": left.remaining, "limit": left.limit }));
            let told = json!({
                "ok": sight.standing == Standing::Closed, "state": sight.standing.as_str(),
                "everybody": sight.everybody, "accounts": sight.accounts, "slowed": sight.slowed,
                "since": sight.since.map(rfc3339), "next_probe": sight.next_probe.map(rfc3339), "budget": budget,
            });
            (sight.provider.as_str().to_owned(), told)
        };
        Value::Object(sights.iter().map(told).collect())
    }
}

/// What it means that a provider does not answer.
fn trouble(sight: &ProviderSight) -> Option<String> {
    let since = sight.since.filter(|_| sight.standing != Standing::Closed)?;
    let whose = match (sight.everybody, sight.accounts) {
        (true, _) => "all accounts".to_owned(),
        (false, 1) => "1 account".to_owned(),
        (false, many) => format!("{many} accounts"),
    };
    Some(format!("{} does not answer since {} ({whose}): its jobs wait", sight.provider, rfc3339(since)))
}

fn unknown(why: Unknowable) -> &'static str {
    match why {
        Unknowable::Unreachable => "unknown: Redis unreachable",
        Unknowable::Settling => "unknown: Redis has just been started or emptied",
        Unknowable::OnlyThisProcess => "unknown: no Redis, and none in this process",
    }
}

pub(crate) fn redis_of(link: LinkState) -> Value {
    match link {
        LinkState::InProcess => json!({ "ok": true, "note": "not configured: one process needs none" }),
        LinkState::Up => json!({ "ok": true }),
        LinkState::Down { since } => json!({ "ok": false, "down_since": rfc3339(since) }),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Provider;
    use queue::Queue;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn part(role: PartRole, queues: &[Queue]) -> Part {
        let version = "1".to_owned();
        Part {
            role,
            id: "x".to_owned(),
            queues: queues.to_vec(),
            version,
            started_at: at(0),
            providers: Vec::new(),
        }
    }

    const ALL: Expected = Expected { worker: true, scheduler: true };

    #[test]
    fn a_provider_that_does_not_answer_is_told_and_what_it_means() {
        let sight = |provider, standing, since: Option<i64>| ProviderSight {
            provider,
            standing,
            everybody: false,
            accounts: 2,
            slowed: 1,
            since: since.map(at),
            next_probe: since.map(|since| at(since + 30)),
            budget: Some(app::ports::BudgetLeft { remaining: 3, limit: 180 }),
        };
        let worker = Part {
            providers: vec![
                sight(Provider::Callrail, Standing::Closed, None),
                sight(Provider::Shunya, Standing::Open, Some(10)),
            ],
            ..part(PartRole::Worker, &[Queue::Asr])
        };
        let staff = Staff(Ok(vec![worker, part(PartRole::Scheduler, &[])]));
        let told = "shunya does not answer since 1970-01-01T00:00:10Z (2 accounts): its jobs wait";
        assert_eq!(staff.missing(ALL, &[], at(20)), [told]);
        let providers = staff.providers();
        let (callrail, shunya) = (&providers["callrail"], &providers["shunya"]);
        assert_eq!((&callrail["ok"], &callrail["since"]), (&json!(true), &Value::Null));
        assert_eq!(
            (&shunya["ok"], &shunya["state"], &shunya["accounts"]),
            (&json!(false), &json!("open"), &json!(2))
        );
        assert_eq!(shunya["next_probe"], "1970-01-01T00:00:40Z");
        assert_eq!(shunya["budget"], json!({ "remaining": 3, "limit": 180 }));
        assert_eq!(Staff(Ok(Vec::new())).providers()["ok"], Value::Null);
        assert_eq!(Staff(Err(Unknowable::Settling)).providers()["ok"], Value::Null);
    }

    fn ready(queue: Queue) -> QueueDepth {
        QueueDepth {
            queue: queue.as_str().to_owned(),
            state: JobState::Ready,
            count: 3,
            oldest: Some(at(40)),
        }
    }

    #[test]
    fn a_queue_nobody_serves_is_named() {
        let staff = Staff(Ok(vec![part(PartRole::Worker, &[Queue::Asr]), part(PartRole::Scheduler, &[])]));
        let depths = [ready(Queue::Asr), ready(Queue::Shunya)];
        let told = "queue shunya has 3 ready jobs, oldest 60 s, and no live worker serves it";
        assert_eq!(staff.missing(ALL, &depths, at(100)), [told]);
        assert!(staff.missing(ALL, &depths, at(44)).is_empty(), "it has hardly begun to wait");
    }

    #[test]
    fn where_nobody_can_say_nothing_is_called_missing() {
        let staff = Staff(Err(Unknowable::Unreachable));
        assert!(staff.missing(ALL, &[ready(Queue::Asr)], at(100)).is_empty());
        assert_eq!(staff.told(PartRole::Worker)["note"], "unknown: Redis unreachable");
        assert_eq!(staff.told(PartRole::Worker)["ok"], Value::Null);
    }

    #[test]
    fn an_empty_house_is_told() {
        let staff = Staff(Ok(Vec::new()));
        let told = staff.missing(ALL, &[], at(0));
        assert_eq!(told.len(), 2, "with nothing queued, too: {told:?}");
        assert!(
            told[0].starts_with("no live worker") && told[1].starts_with("no live scheduler"),
            "{told:?}"
        );
        assert_eq!(staff.told(PartRole::Worker)["ok"], false);
        let none = Expected { worker: false, scheduler: false };
        assert!(staff.missing(none, &[], at(0)).is_empty());
        let queued = staff.missing(none, &[ready(Queue::Asr)], at(100));
        assert_eq!(queued.len(), 1, "work that waits is told all the same");
    }
}
