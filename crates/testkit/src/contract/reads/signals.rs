//! Lists of key signals.

use app::reads::{CrmReads, KeySignalList, SignalFilter};
use crm::{SignalSeverity, SignalType};
use kernel::KeySignalId;

use super::seed::Seed;
use crate::{Database, contract::bench::at};

async fn list(seed: &Seed<'_>, filter: SignalFilter) -> KeySignalList {
    seed.bench.db.store.key_signals(&seed.manager(), &filter).await.unwrap()
}

fn ids(list: &KeySignalList) -> Vec<KeySignalId> {
    list.signals.iter().map(|signal| signal.id).collect()
}

pub async fn signals_come_by_rank_of_severity_and_then_newest_first(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let low = seed.signal(contact, SignalSeverity::Low, at(9)).await;
    let critical = seed.signal(contact, SignalSeverity::Critical, at(1)).await;
    let medium = seed.signal(contact, SignalSeverity::Medium, at(8)).await;
    let high_old = seed.signal(contact, SignalSeverity::High, at(1)).await;
    let high_new = seed.signal(contact, SignalSeverity::High, at(2)).await;
    let high_twin = seed.signal(contact, SignalSeverity::High, at(1)).await;
    let found = list(&seed, SignalFilter::default()).await;
    assert_eq!(
        ids(&found),
        [critical, high_new, high_twin.max(high_old), high_twin.min(high_old), medium, low]
    );
    assert_eq!((found.total, found.unacknowledged_count), (6, 6));
}

pub async fn signals_are_filtered_by_each_of_their_properties(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let other = seed.contact(2).await;
    let appointment = seed.appointment(contact, lead, at(100)).await;
    let first = seed.signal(contact, SignalSeverity::High, at(10)).await;
    let second = seed.signal(other, SignalSeverity::Low, at(20)).await;
    let yes = if db.is_postgres() { "true" } else { "1" };
    let values = format!(
        "acknowledged = {yes}, acknowledged_at = {}, acknowledged_by = 'csr_1', signal_type = 'coaching', \
         lead_id = {}, appointment_id = {}",
        seed.at(at(30)),
        seed.id(lead.0),
        seed.id(appointment.0)
    );
    seed.set_signal(first, &values).await;
    let none = SignalFilter::default;
    for (filter, expected) in [
        (SignalFilter { lead: Some(lead), ..none() }, vec![first]),
        (SignalFilter { appointment: Some(appointment), ..none() }, vec![first]),
        (SignalFilter { contact: Some(other), ..none() }, vec![second]),
        (SignalFilter { signal_type: Some(SignalType::Coaching), ..none() }, vec![first]),
        (SignalFilter { signal_type: Some(SignalType::Operational), ..none() }, vec![]),
        (SignalFilter { acknowledged: Some(true), ..none() }, vec![first]),
        (SignalFilter { acknowledged: Some(false), ..none() }, vec![second]),
        (SignalFilter { from: Some(at(20)), ..none() }, vec![second]),
        (SignalFilter { until: Some(at(20)), ..none() }, vec![first]),
        (none(), vec![first, second]),
    ] {
        let found = list(&seed, filter.clone()).await;
        assert_eq!(ids(&found), expected, "{filter:?}");
        let unseen = expected.iter().filter(|id| **id == second).count();
        assert_eq!(found.total, i64::try_from(expected.len()).unwrap(), "{filter:?}");
        assert_eq!(found.unacknowledged_count, i64::try_from(unseen).unwrap(), "{filter:?}");
    }
    let told = list(&seed, SignalFilter { acknowledged: Some(true), ..none() }).await.signals.remove(0);
    assert_eq!(
        (told.contact_card_id, told.lead_id, told.appointment_id),
        (contact, Some(lead), Some(appointment))
    );
    assert_eq!((told.acknowledged_at, told.acknowledged_by.as_deref()), (Some(at(30)), Some("csr_1")));
    assert_eq!((told.signal_type.as_str(), told.severity.as_str()), ("coaching", "high"));
    assert_eq!((told.title, told.created_at), (format!("Know {first}"), at(10)));
}
