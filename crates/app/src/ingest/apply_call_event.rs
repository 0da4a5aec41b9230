//! Applying one event to its call, inside the transaction that stores it.
//!
//! Guarantees: the same events give the same call, card and lead in any order and any number of times; a customer has one
//! contact card and one active lead however many calls come at once.

use calls::{CallEvent, CallFacts, CallStage, CallType, Problem, RecordingState};
use kernel::{CallId, Provider, RecordingId, StoreError, Timestamp, UserId};

use super::{
    call_customer::{learn_customer, leave_customer, set_customer},
    call_names::{Named, learn_names, take_names},
    call_news::tell,
    imported::named_at_last,
};
use crate::{
    Work,
    jobs::FetchRecording,
    ports::{Recording, StoredCall},
};

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The call.
    pub call: CallId,
    /// Whether nobody had told us of it before.
    pub is_new: bool,
}

/// Whether an event tells nothing that is not known of its call already.
pub(super) fn is_known(call: &StoredCall, event: &CallEvent) -> bool {
    let mut facts = call.facts.clone();
    facts.absorb(event);
    facts == call.facts
        && event.problems.iter().all(|problem| call.problems.contains(problem))
        && matches!(learn_names(&mut call.ids.clone(), &event.ids), Named::NothingNew)
}

/// Applies one event, heard at `now`. If somebody else adds the call meanwhile, the unit fails as one that is to be done again.
#[tracing::instrument(name = "app.apply_call_event", skip_all)]
pub async fn apply_call_event(
    work: &mut Work<'_>,
    provider: Provider,
    event: &CallEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    let mut known = work.calls().find_by_provider(provider, &event.ids).await?;
    let mut is_renamed = false;
    if known.is_none() {
        known = named_at_last(work, provider, event, now).await?;
        is_renamed = known.is_some();
    }
    let mut call = known.clone().unwrap_or_else(|| blank(provider, event, now));
    // what is stored of it
    let mut before = known;
    if is_renamed {
        call.ids.clone_from(&event.ids);
    }
    if before.is_some() && !is_renamed && now >= call.received_at && is_known(&call, event) {
        return Ok(Applied { call: call.id, is_new: false });
    }
    let mut gone = None;
    if before.is_some()
        && let Some(united) = take_names(work, &mut call, event).await?
    {
        (before, gone) = (Some(united.kept), Some(united.gone));
    }
    let before = before.as_ref();
    call.facts.absorb(event);
    add_problems(&mut call.problems, &event.problems);
    call.received_at = call.received_at.min(now);
    call.created_at = call.facts.started_at().unwrap_or(call.received_at);
    if call.call_type.is_none() {
        call.call_type = Some(CallType::CsrCall);
    }
    set_owner(work, &mut call, before).await?;
    let customers = set_customer(work, &mut call, before, event, now).await?;

    let known = if before.is_some() { work.calls().recording(call.id).await? } else { None };
    let recording = recording_of(work, &call, known.as_ref());
    let state = recording.as_ref().or(known.as_ref()).map(|recording| recording.state);
    call.stage = CallStage::of(&call.facts, state, call.analysis_progress(state));

    if before.is_some() {
        work.calls().save(&call, now).await?;
    } else {
        call.id = work.calls().insert_new(&call, now).await?;
    }
    // only now: cards and leads are made of stored calls
    for was in before.into_iter().chain(&gone) {
        leave_customer(work, &call, was, now).await?;
    }
    learn_customer(work, &call, before, &customers, now).await?;
    if let Some(recording) = recording {
        let recording = Recording { call: call.id, ..recording };
        work.calls().save_recording(&recording, now).await?;
        let was_pending = known.is_some_and(|known| known.state == RecordingState::Pending);
        if recording.state == RecordingState::Pending && !was_pending {
            work.enqueue(&FetchRecording { call: call.id }, now).await?;
        }
    }
    tell(work, &call, before, &customers.made, now).await?;
    Ok(Applied { call: call.id, is_new: before.is_none() })
}

fn blank(provider: Provider, event: &CallEvent, now: Timestamp) -> StoredCall {
    StoredCall {
        id: CallId(0),
        provider,
        ids: event.ids.clone(),
        facts: CallFacts::default(),
        problems: Vec::new(),
        stage: CallStage::Ringing,
        call_type: None,
        owner: None,
        contact: None,
        lead: None,
        lead_quality: None,
        booking_status: None,
        analyzed_at: None,
        created_at: now,
        received_at: now,
    }
}

/// Adds problems to a list that is kept in order.
pub(super) fn add_problems(known: &mut Vec<Problem>, new: &[Problem]) {
    for problem in new {
        if let Err(at) = known.binary_search(problem) {
            known.insert(at, problem.clone());
        }
    }
}

/// A provider may name who took the call; believed if it is one of the tenant's people, the most credible first. Looked
/// up only when somebody new is named: whom people chose meanwhile stays.
async fn set_owner(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    before: Option<&StoredCall>,
) -> Result<(), StoreError> {
    if before.is_some_and(|before| call.facts.csr_ids().eq(before.facts.csr_ids())) {
        return Ok(());
    }
    let (mut owner, mut strangers) = (None, false);
    for named in call.facts.csr_ids() {
        let user = match UserId::try_new(named) {
            Ok(user) if work.directory().has_user(&user).await? => user,
            _ => {
                strangers = true;
                continue;
            }
        };
        owner = owner.or(Some(user));
    }
    call.owner = owner;
    let problem = Problem::new("csr_id", "not_a_user");
    if strangers {
        add_problems(&mut call.problems, &[problem]);
    } else {
        call.problems.retain(|known| *known != problem);
    }
    Ok(())
}

/// What a call's recording is from now on, if that is anything new: one just heard of, one given up on that has a new
/// name, or one of which more is known.
fn recording_of(work: &Work<'_>, call: &StoredCall, known: Option<&Recording>) -> Option<Recording> {
    let named = call.facts.recording()?;
    let wanted = Recording {
        id: known.map_or_else(|| RecordingId::fresh(work.ports().ids.as_ref()), |known| known.id),
        call: call.id,
        provider: call.provider,
        provider_recording_id: Some(named.id.clone()),
        state: RecordingState::Pending,
        blob_key: None,
        content_type: None,
        size_bytes: None,
        sha256: None,
        duration_seconds: named.duration_seconds,
        error: None,
    };
    let Some(known) = known else { return Some(wanted) };
    let has_new_name = known.provider_recording_id.as_ref() != Some(&named.id);
    match known.state {
        RecordingState::Absent => Some(wanted),
        RecordingState::Failed if has_new_name => Some(wanted),
        RecordingState::Pending | RecordingState::Stored | RecordingState::Failed => {
            let told = Recording {
                provider_recording_id: wanted.provider_recording_id,
                duration_seconds: wanted.duration_seconds,
                ..known.clone()
            };
            (told != *known).then_some(told)
        }
    }
}
