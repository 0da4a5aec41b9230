//! The webhooks of a call, as they are sent: each once, in the rhythm of the call, and never again.

use std::{sync::Arc, time::Duration};

use serde_json::Value;

use super::{
    Acknowledgement, CallOrder, Callrail, EventKind, ExpectedEnd, SendError, SentCall, SentEvent,
    call::{Recorded, SimCall, Source},
    numbers, payload,
};
use crate::{
    corpus::{self, Conversation, Direction},
    settings::SimulatedTenant,
    sign,
};

/// How long CallRail waits for an answer. Real seconds: a machine under load is not a server that is down.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much later the end of a call is told, where that is late.
const LATE: Duration = Duration::from_secs(45);
/// Conversations are over this many times as fast as they would be spoken.
const HASTE: f64 = 20.0;
/// How often somebody tags a call afterwards.
const TAGGED: f64 = 0.12;

/// Makes calls. Cheap to clone.
#[derive(Clone)]
pub struct CallSender {
    callrail: Arc<Callrail>,
}

impl CallSender {
    pub(crate) fn new(callrail: Arc<Callrail>) -> Self {
        Self { callrail }
    }

    /// The first index no call was made with yet, those of earlier processes included where they were kept.
    pub fn next_index(&self) -> u64 {
        self.callrail.calls.next_index()
    }

    /// Makes a call, from the first ring to the last thing that is told of it.
    pub async fn send(&self, order: &CallOrder) -> Result<SentCall, SendError> {
        let talk = corpus::find(&order.conversation)
            .ok_or_else(|| SendError::UnknownConversation(order.conversation.clone()))?;
        let base = self.callrail.otto.borrow().clone().ok_or(SendError::NoAddress)?;
        let base = base.trim_end_matches('/');
        let prefix = match &order.tenant.tenant_key {
            Some(key) => format!("{base}/t/{}/callrail", key.expose()),
            None => format!("{base}/callrail"),
        };
        let call = self.callrail.begin(order, talk);
        let run = Run { callrail: &self.callrail, tenant: &order.tenant, prefix, events: Vec::new() };
        let (call, events) = run.through(call, talk).await;
        let expected = match call.recorded {
            _ if talk.is_missed() => ExpectedEnd::Missed,
            Recorded::Never => ExpectedEnd::NoRecording,
            Recorded::Later | Recorded::Attached => ExpectedEnd::Analysed,
        };
        Ok(SentCall {
            company_id: order.tenant.company_id.clone(),
            provider_call_id: call.id,
            legacy_call_id: call.legacy_id,
            conversation: call.conversation,
            customer_phone: call.customer_phone,
            expected,
            booked: expected == ExpectedEnd::Analysed && talk.is_booked(),
            events,
        })
    }
}

/// How a call goes, in CallRail's own seconds.
struct Rhythm {
    /// From the first ring until somebody takes it, or nobody does.
    ringing: Duration,
    /// From then until it is over and told.
    talking: Duration,
    /// From then until something is added.
    afterwards: Duration,
}

impl Callrail {
    fn rhythm(&self, index: u64, talk: &Conversation) -> Rhythm {
        let mut draw = self.control.sim.draw(&["callrail", "rhythm", &index.to_string()]);
        Rhythm {
            ringing: Duration::from_secs_f64(draw.between(1.0, 3.0)),
            talking: Duration::from_secs_f64((talk.talk_seconds() / HASTE).clamp(1.5, 8.0)),
            afterwards: Duration::from_secs_f64(draw.between(4.0, 15.0)),
        }
    }

    /// The call as it begins.
    fn begin(&self, order: &CallOrder, talk: &Conversation) -> SimCall {
        let (seed, tenant) = (self.settings.seed, &order.tenant);
        let mut draw = self.control.sim.draw(&["callrail", "call", &order.index.to_string()]);
        let drawn = || numbers::customer_phone(seed, order.index, talk);
        let customer_phone = order.customer_phone.clone().unwrap_or_else(drawn);
        let ringing = 5 + draw.below(15);
        let duration = ringing + talk.whole_seconds();
        // the talk is told faster than it is spoken: it began so long ago that it ends now
        let rhythm = self.rhythm(order.index, talk);
        let told = self.control.sim.scaled(rhythm.ringing + rhythm.talking);
        let ago = Duration::from_secs(duration).saturating_sub(told);
        let ago = chrono::Duration::from_std(ago).unwrap_or_default();
        let call = SimCall {
            index: order.index,
            id: numbers::call_id(seed, order.index),
            legacy_id: numbers::legacy_call_id(seed, order.index),
            company_id: tenant.callrail_company_id,
            company_resource_id: tenant.callrail_company_resource_id.clone(),
            company_name: tenant.name.clone(),
            company_time_zone: tenant.time_zone.clone(),
            conversation: talk.id.clone(),
            is_outbound: talk.direction == Direction::Outbound,
            answered: talk.answered,
            voicemail: talk.voicemail,
            duration,
            recording_duration: talk.whole_seconds(),
            started_at: self.control.sim.now() - ago,
            customer_name: talk.caller.full_name(),
            customer_city: talk.caller.city.clone(),
            customer_state: talk.caller.state.clone(),
            tracking_phone: draw.pick(&tenant.tracking_numbers).cloned().unwrap_or_default(),
            business_phone: tenant.business_number.clone(),
            prior_calls: self.calls.prior_calls(&tenant.callrail_company_resource_id, &customer_phone),
            customer_phone,
            source: draw.pick(&Source::ALL).copied().unwrap_or(Source::Direct),
            recorded: if talk.is_missed() || draw.chance(self.settings.unrecorded) {
                Recorded::Never
            } else {
                Recorded::Later
            },
            ended: false,
            tags: Vec::new(),
            note: String::new(),
        };
        self.calls.put(call.clone());
        self.control.changed();
        call
    }
}

/// One call on its way.
struct Run<'a> {
    callrail: &'a Callrail,
    tenant: &'a SimulatedTenant,
    /// Where its events go, without the event's own name.
    prefix: String,
    events: Vec<SentEvent>,
}

impl Run<'_> {
    async fn through(mut self, mut call: SimCall, talk: &Conversation) -> (SimCall, Vec<SentEvent>) {
        let (sim, rhythm) = (&self.callrail.control.sim, self.callrail.rhythm(call.index, talk));
        let shuffled = self.strikes(&call, "shuffled", |faults| faults.reordered_webhooks);
        let mut held = Vec::new();
        if !call.is_outbound {
            // outbound calls are told of when they are over
            self.happen(&call, EventKind::Incoming, shuffled, &mut held).await;
            sim.sleep(rhythm.ringing).await;
            let taken = if call.answered { EventKind::Answered } else { EventKind::Missed };
            self.happen(&call, taken, shuffled, &mut held).await;
        }
        sim.sleep(rhythm.talking).await;
        call.ended = true;
        let mut draw = sim.draw(&["callrail", "afterwards", &call.id]);
        let attached_late = draw.chance(self.callrail.settings.late_recordings);
        if call.recorded == Recorded::Later && !attached_late {
            call.recorded = Recorded::Attached;
        }
        self.change(&call);
        if self.strikes(&call, "late", |faults| faults.late_webhook) {
            sim.sleep(LATE).await;
        }
        self.happen(&call, EventKind::Completed, shuffled, &mut held).await;

        let tagged = draw.chance(TAGGED);
        if tagged || call.recorded == Recorded::Later {
            sim.sleep(rhythm.afterwards).await;
            if tagged {
                call.tags = vec!["follow up".to_owned()];
                "Checked by the office".clone_into(&mut call.note);
            }
            if call.recorded == Recorded::Later {
                call.recorded = Recorded::Attached;
            }
            self.change(&call);
            self.happen(&call, EventKind::Modified, shuffled, &mut held).await;
        }
        sim.draw(&["callrail", "shuffle", &call.id]).shuffle(&mut held);
        for (kind, as_it_was) in held {
            self.send(&as_it_was, kind).await;
        }
        (call, self.events)
    }

    fn strikes(&self, call: &SimCall, what: &str, rate: impl Fn(&crate::Faults) -> f64) -> bool {
        self.callrail.control.desk.strikes(rate, &["callrail", what, &call.id])
    }

    fn change(&self, call: &SimCall) {
        self.callrail.calls.put(call.clone());
        self.callrail.control.changed();
    }

    /// Something happened: it is told now, or held back to be told in another order.
    async fn happen(
        &mut self,
        call: &SimCall,
        kind: EventKind,
        shuffled: bool,
        held: &mut Vec<(EventKind, SimCall)>,
    ) {
        if shuffled {
            held.push((kind, call.clone()));
        } else {
            self.send(call, kind).await;
        }
    }

    async fn send(&mut self, call: &SimCall, kind: EventKind) {
        let name = kind.name();
        let mut answers = Vec::new();
        let all_lost = self.strikes(call, "silent", |faults| faults.unsent_webhook / 4.0);
        if all_lost || self.strikes(call, &format!("unsent {name}"), |faults| faults.unsent_webhook) {
            self.callrail.tally(&self.callrail.tallies.unsent);
        } else {
            let body = payload::webhook(call, kind).to_string().into_bytes();
            if self.strikes(call, &format!("malformed {name}"), |faults| faults.malformed_webhook) {
                let torn = body.get(..body.len() * 2 / 3).unwrap_or_default().to_vec();
                // whatever the answer, the good one follows
                self.post(call, name, torn).await;
            }
            answers.push(self.post(call, name, body.clone()).await);
            if self.strikes(call, &format!("twice {name}"), |faults| faults.duplicate_webhook) {
                answers.push(self.post(call, name, body).await);
            }
        }
        self.events.push(SentEvent { kind, answers });
    }

    async fn post(&self, call: &SimCall, name: &str, body: Vec<u8>) -> Acknowledgement {
        let tallies = &self.callrail.tallies;
        let signature = sign::callrail_signature(self.tenant.signing_key.expose(), &body);
        let request = self
            .callrail
            .http
            .post(format!("{}/{name}", self.prefix))
            .query(&payload::query(call))
            .timeout(PATIENCE)
            .header("Content-Type", "application/json")
            .header("Signature", signature)
            .body(body);
        let answer = match request.send().await {
            Ok(response) => {
                let status = Some(response.status().as_u16());
                let body: Option<Value> = response.json().await.ok();
                let said = |body: &Value, at| body.pointer(at).and_then(Value::as_str).map(str::to_owned);
                let body_status =
                    body.and_then(|body| said(&body, "/status").or_else(|| said(&body, "/data/status")));
                Acknowledgement { status, body_status }
            }
            Err(error) => {
                tracing::debug!(error = %error.without_url(), event = name, "a webhook did not arrive");
                Acknowledgement { status: None, body_status: None }
            }
        };
        self.callrail.tally(&tallies.sent);
        self.callrail.tally(if answer.is_taken() { &tallies.acknowledged } else { &tallies.lost });
        answer
    }
}
