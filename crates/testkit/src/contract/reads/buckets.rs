//! The dashboard's buckets of calls, and the counters over them.

use app::reads::{CallReads, DashboardBucket, DashboardReads, Slice, Viewer};
use calls::{CallEventKind, CallType};
use insights::Window;
use kernel::CallId;
use rbac::{Grant, Role};
use shunya_jobs::{BookingStatus, LeadQuality};

use super::seed::{NewCall, Seed, verdict};
use crate::{Database, contract::bench::at};

const ALL: Slice = Slice { limit: 100, offset: 0 };

async fn bucket(db: &Database, viewer: &Viewer, bucket: DashboardBucket) -> Vec<CallId> {
    let found = db.store.dashboard_calls(viewer, bucket, ALL).await.unwrap();
    assert_eq!(found.total, i64::try_from(found.calls.len()).unwrap());
    assert_eq!((found.status, found.limit, found.offset), (bucket.as_str(), 100, 0));
    found.calls.iter().map(|call| call.call_id).collect()
}

/// Columns and what people enter in them.
type Entered<'a> = &'a [(&'a str, &'a str)];

/// What came of a call, as people enter it.
async fn outcome(seed: &Seed<'_>, call: CallId, values: Entered<'_>) {
    let (columns, entered): (Vec<_>, Vec<_>) = values.iter().copied().unzip();
    let (columns, entered) = (columns.join(", "), entered.join(", "));
    seed.sql(&format!(
        "INSERT INTO call_outcomes (call_id, company_id, updated_at, {columns}) \
         VALUES ({call}, '{}', {}, {entered})",
        seed.scope.company,
        seed.at(at(0)),
    ))
    .await;
}

/// One call in each bucket at least, and some in none. Named by what was entered.
async fn one_of_each(seed: &Seed<'_>) -> Vec<(&'static str, CallId)> {
    let yes = if seed.bench.db.is_postgres() { "true" } else { "1" };
    let booked = verdict(Some(LeadQuality::Hot), Some(BookingStatus::Booked), &[]);
    let unbooked = verdict(Some(LeadQuality::Hot), Some(BookingStatus::NotBooked), &[]);
    let mut calls = Vec::new();
    let entries: [(&'static str, bool, Entered<'_>); 13] = [
        ("missed", false, &[]),
        ("missed, called off", false, &[("cancelled", yes)]),
        ("booked", true, &[]),
        ("booked, nothing entered", true, &[("has_discrepancies", yes)]),
        ("booked, deciding", true, &[("still_deciding", yes)]),
        ("booked, bought", true, &[("bought", yes), ("sold_price_cents", "990000")]),
        ("booked, called off", true, &[("cancelled", yes)]),
        ("booked, bought, called off", true, &[("bought", yes), ("cancelled", yes)]),
        ("booked, lost", true, &[("loss_reason", "'price'"), ("sold_price_cents", "123456")]),
        ("booked, lost, called off", true, &[("loss_reason", "'price'"), ("cancelled", yes)]),
        ("not booked, deciding", false, &[("still_deciding", yes)]),
        ("not booked, lost", false, &[("loss_reason", "'price'"), ("sold_price_cents", "5")]),
        ("not booked, bought", false, &[("bought", yes)]),
    ];
    for (seconds, (name, is_booked, values)) in (0..).zip(entries) {
        let kind = if name.starts_with("missed") { CallEventKind::Missed } else { CallEventKind::Completed };
        let call = NewCall { at: at(seconds), kind, ..NewCall::default() };
        let call = seed.judged(call, if is_booked { &booked } else { &unbooked }).await;
        if !values.is_empty() {
            outcome(seed, call, values).await;
        }
        calls.push((name, call));
    }
    // newest first
    calls.reverse();
    calls
}

pub async fn every_bucket_holds_what_belongs_in_it(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let calls = one_of_each(&seed).await;
    for (wanted, names) in [
        (DashboardBucket::Missed, ["missed"].as_slice()),
        (
            DashboardBucket::Cancelled,
            &[
                "booked, lost, called off",
                "booked, bought, called off",
                "booked, called off",
                "missed, called off",
            ],
        ),
        (DashboardBucket::Purchased, &["not booked, bought", "booked, bought"]),
        (DashboardBucket::StillDeciding, &["booked, deciding"]),
        (DashboardBucket::AwaitingQuote, &["booked, nothing entered", "booked"]),
        (DashboardBucket::Lost, &["booked, lost, called off", "booked, lost"]),
        (DashboardBucket::Discrepancies, &["booked, nothing entered"]),
    ] {
        let found = bucket(db, &seed.manager(), wanted).await;
        let found: Vec<_> =
            calls.iter().filter(|(_, id)| found.contains(id)).map(|(name, _)| *name).collect();
        assert_eq!(found, names, "{wanted:?}");
    }
    let everything: Vec<_> = calls.iter().map(|(_, id)| *id).collect();
    assert_eq!(bucket(db, &seed.manager(), DashboardBucket::All).await, everything);
}

pub async fn the_counters_agree_with_the_buckets(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    one_of_each(&seed).await;
    // the counters are over all time and all calls
    let sales = NewCall { at: at(-900 * 86_400), call_type: CallType::SalesCall, ..NewCall::default() };
    let call = seed.call(NewCall { kind: CallEventKind::Missed, ..sales }).await;
    let window = Window::last_30_days(at(100));
    let funnel = db.store.headline(&seed.manager(), window).await.unwrap().funnel;
    assert_eq!((funnel.missed_calls, funnel.purchased_service, funnel.cancelled_appointments), (2, 2, 4));
    assert_eq!((funnel.still_deciding, funnel.still_deciding_count, funnel.awaiting_quote), (1, 1, 2));
    assert_eq!((funnel.discrepancies, funnel.lost_quotes.total), (1, 2));
    // 1234.56 dollars, and a lost one without a price
    assert_eq!(funnel.lost_quotes.value_lost, 1234.56);
    for (counter, wanted) in [
        (funnel.missed_calls, DashboardBucket::Missed),
        (funnel.purchased_service, DashboardBucket::Purchased),
        (funnel.cancelled_appointments, DashboardBucket::Cancelled),
        (funnel.still_deciding, DashboardBucket::StillDeciding),
        (funnel.awaiting_quote, DashboardBucket::AwaitingQuote),
        (funnel.discrepancies, DashboardBucket::Discrepancies),
        (funnel.lost_quotes.total, DashboardBucket::Lost),
    ] {
        let found = db.store.dashboard_calls(&seed.manager(), wanted, ALL).await.unwrap();
        assert_eq!(found.total, counter, "{wanted:?}");
    }
    assert!(bucket(db, &seed.manager(), DashboardBucket::Missed).await.contains(&call));
}

pub async fn slices_of_a_bucket_tell_the_whole_total(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut calls = Vec::new();
    for _ in 0..5 {
        calls.push(seed.call(NewCall::default()).await);
    }
    calls.reverse();
    let boss = seed.manager();
    for (limit, offset, expected) in
        [(2, 0, &calls[..2]), (2, 2, &calls[2..4]), (2, 4, &calls[4..]), (2, 9, &[])]
    {
        let slice = Slice { limit, offset };
        let found = db.store.dashboard_calls(&boss, DashboardBucket::All, slice).await.unwrap();
        let ids: Vec<_> = found.calls.iter().map(|call| call.call_id).collect();
        assert_eq!((ids.as_slice(), found.total), (expected, 5));
        assert_eq!((found.limit, found.offset), (limit, offset));
    }
}

pub async fn a_line_of_a_bucket_tells_what_was_entered(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let yes = if db.is_postgres() { "true" } else { "1" };
    let contact = seed.named_contact(1, Some("Kaylah Mills")).await;
    let booked = verdict(None, Some(BookingStatus::Booked), &[]);
    let call = NewCall { contact: Some(contact), rep: Some("rep_1"), ..NewCall::default() };
    let call = seed.judged(call, &booked).await;
    outcome(&seed, call, &[("bought", yes), ("cancelled", yes)]).await;
    let other = seed.call(NewCall { at: at(-1), name: Some("ANNA"), ..NewCall::default() }).await;
    let found = db.store.dashboard_calls(&seed.manager(), DashboardBucket::All, ALL).await.unwrap();
    let [line, plain] = found.calls.as_slice() else { panic!("two calls") };
    assert_eq!((line.call_id, line.booked, line.bought, line.cancelled), (call, true, true, true));
    assert_eq!((line.customer_name.as_deref(), line.contact_card_id), (Some("Kaylah Mills"), Some(contact)));
    assert_eq!(
        (line.assigned_rep_id.as_deref(), line.booking_status.as_deref()),
        (Some("rep_1"), Some("booked"))
    );
    assert_eq!((plain.call_id, plain.booked, plain.bought, plain.cancelled), (other, false, false, false));
    assert_eq!((plain.name.as_deref(), plain.duration_seconds), (Some("ANNA"), Some(61)));
}

pub async fn a_rep_is_shown_the_calls_assigned_to_them_whatever_they_may_see_elsewhere(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (_, lead) = seed.lead(1, at(0)).await;
    seed.set_lead(lead, "assigned_rep_id = 'rep_1'").await;
    let own = seed.call(NewCall { rep: Some("rep_1"), ..NewCall::default() }).await;
    seed.call(NewCall { rep: Some("rep_2"), ..NewCall::default() }).await;
    // of their lead, but not assigned to them
    seed.call(NewCall { lead: Some(lead), ..NewCall::default() }).await;
    for reach in [Grant::Own, Grant::Company] {
        let rep = Viewer { reach, ..seed.rep("rep_1") };
        assert_eq!(bucket(db, &rep, DashboardBucket::All).await, [own], "{reach:?}");
    }
    let csr = seed.csr("csr_1", Grant::Company);
    assert_eq!(csr.role, Role::Csr);
    assert_eq!(bucket(db, &csr, DashboardBucket::All).await.len(), 3);
}
