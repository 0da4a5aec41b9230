//! Who is there to do the work, as operators are told.

use app::ports::{LinkState, Part, PartRole, QueueDepth, Unknowable};
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
    pub(crate) fn missing(&self, depths: &[QueueDepth], now: Timestamp) -> Vec<String> {
        let Ok(parts) = &self.0 else { return Vec::new() };
        let mut missing = Vec::new();
        if !parts.iter().any(|part| part.role == PartRole::Scheduler) {
            missing.push("no live scheduler: recurring work is not enqueued".to_owned());
        }
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
    use queue::Queue;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn part(role: PartRole, queues: &[Queue]) -> Part {
        let version = "1".to_owned();
        Part { role, id: "x".to_owned(), queues: queues.to_vec(), version, started_at: at(0) }
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
        assert_eq!(staff.missing(&depths, at(100)), [told]);
        assert!(staff.missing(&depths, at(44)).is_empty(), "it has hardly begun to wait");
    }

    #[test]
    fn where_nobody_can_say_nothing_is_called_missing() {
        let staff = Staff(Err(Unknowable::Unreachable));
        assert!(staff.missing(&[ready(Queue::Asr)], at(100)).is_empty());
        assert_eq!(staff.told(PartRole::Worker)["note"], "unknown: Redis unreachable");
        assert_eq!(staff.told(PartRole::Worker)["ok"], Value::Null);
    }

    #[test]
    fn an_empty_house_is_told() {
        let staff = Staff(Ok(Vec::new()));
        assert_eq!(staff.missing(&[], at(0)).len(), 1);
        assert_eq!(staff.told(PartRole::Worker)["ok"], false);
    }
}
