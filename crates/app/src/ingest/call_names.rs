//! The names a provider knows one call by.
//!
//! Older payloads name a call by its number alone, the provider's list by its newer name alone, most events by both.
//! Where both names were heard before anybody said that they are one call's, there are two calls by then; the event that
//! says so makes them one, so that it does not matter which came first.

use calls::{CallEvent, Problem, ProviderCallIds};
use kernel::StoreError;

use super::{apply_call_event::add_problems, call_news::keys};
use crate::{Work, ports::StoredCall};

/// What an event's names add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// Nothing.
    NothingNew,
    /// A name the call did not have.
    Anew,
}

/// Takes in the names an event has for a call.
pub(super) fn learn_names(known: &mut ProviderCallIds, said: &ProviderCallIds) -> Named {
    let before = known.clone();
    let was_numeric = known.legacy.as_ref() == Some(&known.primary);
    known.legacy = match (known.legacy.take(), &said.legacy) {
        // a call has one number; where two are said, which one is kept must not depend on which was first
        (Some(known), Some(said)) if !was_numeric => Some(known.min(said.clone())),
        (Some(known), _) => Some(known),
        (None, said) => said.clone(),
    };
    if was_numeric && known.legacy.as_ref() != Some(&said.primary) {
        known.primary.clone_from(&said.primary);
    }
    if *known == before { Named::NothingNew } else { Named::Anew }
}

/// Two calls that turned out to be one: as they are stored, and what they amount to.
pub(super) struct United {
    /// What is stored of the one that goes on.
    pub(super) kept: StoredCall,
    /// What was stored of the other.
    pub(super) gone: StoredCall,
}

/// Gives a call the names an event has for it, and makes it one with the call that bears one of them already.
pub(super) async fn take_names(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    event: &CallEvent,
) -> Result<Option<United>, StoreError> {
    let mut ids = call.ids.clone();
    if learn_names(&mut ids, &event.ids) == Named::NothingNew {
        return Ok(None);
    }
    for name in std::iter::once(&ids.primary).chain(&ids.legacy) {
        let named = ProviderCallIds { primary: name.clone(), legacy: None };
        let bearer = work.calls().find_by_provider(call.provider, &named).await?;
        let Some(other) = bearer.filter(|bearer| bearer.id != call.id) else { continue };
        let united = unite(work, call, other).await?;
        if united.is_some() {
            call.ids = ids;
        } else {
            // each keeps its name, and people can see why
            add_problems(&mut call.problems, &[Problem::new("id", "names_two_calls")]);
        }
        return Ok(united);
    }
    call.ids = ids;
    Ok(None)
}

/// Makes one call of two. Not of two that have newer names that differ, which are two calls whatever somebody says, and
/// not of two that are both being analysed.
async fn unite(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    other: StoredCall,
) -> Result<Option<United>, StoreError> {
    let is_numeric = |call: &StoredCall| call.ids.legacy.as_ref() == Some(&call.ids.primary);
    if !is_numeric(call) && !is_numeric(&other) {
        return Ok(None);
    }
    let call_has = work.analyses().match_job(&[], Some(call.id)).await?.is_some();
    let other_has = work.analyses().match_job(&[], Some(other.id)).await?.is_some();
    let (kept, gone) = match (call_has, other_has) {
        (true, true) => return Ok(None),
        (false, true) => (other, call.clone()),
        (_, false) => (call.clone(), other),
    };
    let keys: Vec<_> = keys(&gone, gone.id).zip(keys(&gone, kept.id)).collect();
    work.calls().unite(kept.id, gone.id, &keys).await?;
    tracing::info!(kept = %kept.id, gone = %gone.id, "two names turned out to be one call's");
    *call = kept.clone();
    call.facts.unite(&gone.facts);
    add_problems(&mut call.problems, &gone.problems);
    call.received_at = call.received_at.min(gone.received_at);
    if call.contact.is_none() {
        (call.contact, call.lead) = (gone.contact, gone.lead);
    }
    Ok(Some(United { kept, gone }))
}
