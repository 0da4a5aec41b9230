//! Pages of calls.

use app::reads::{CallCursor, CallFilter, CallPage, CallReads, Viewer};
use calls::{CallEventKind, CallStage, Direction};
use kernel::{CallId, Timestamp};
use shunya_jobs::{BookingStatus, LeadQuality};

use super::seed::{NewCall, Seed, instant, user, verdict};
use crate::{
    Database,
    contract::bench::{at, phone},
};

fn ids(page: &CallPage) -> Vec<CallId> {
    page.calls.iter().map(|call| call.call_id).collect()
}

/// Page after page, until there is no next one.
async fn walk(db: &Database, viewer: &Viewer, filter: &CallFilter) -> Vec<Vec<CallId>> {
    let mut filter = filter.clone();
    let mut pages = Vec::new();
    loop {
        let page = db.store.calls(viewer, &filter).await.unwrap();
        pages.push(ids(&page));
        match page.next_cursor {
            Some(cursor) => filter.after = Some(CallCursor::decode(&cursor).expect("our own cursor")),
            None => return pages,
        }
    }
}

async fn all(db: &Database, viewer: &Viewer, filter: CallFilter) -> Vec<CallId> {
    ids(&db.store.calls(viewer, &CallFilter { limit: 50, ..filter }).await.unwrap())
}

async fn call_at(seed: &Seed<'_>, at: Timestamp) -> CallId {
    seed.call(NewCall { at, ..NewCall::default() }).await
}

pub async fn pages_neither_overlap_nor_skip_calls_that_began_together(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut expected = Vec::new();
    // two earlier, seven in one microsecond, one a microsecond later
    for began in [at(-60), at(-60)] {
        expected.push(call_at(&seed, began).await);
    }
    for _ in 0..7 {
        expected.push(call_at(&seed, at(0)).await);
    }
    expected.push(call_at(&seed, at(0) + chrono::Duration::microseconds(1)).await);
    expected.reverse();
    for limit in [1, 3, 4, 9, 10, 11] {
        let pages = walk(db, &seed.manager(), &CallFilter { limit, ..CallFilter::default() }).await;
        assert_eq!(pages.concat(), expected, "pages of {limit}");
        let size = usize::try_from(limit).unwrap();
        assert_eq!(pages.len(), expected.len().div_ceil(size), "a page of {limit} too many");
    }
}

pub async fn a_page_goes_on_where_the_one_before_ended_although_newer_calls_came(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (first, second, third) =
        (call_at(&seed, at(1)).await, call_at(&seed, at(2)).await, call_at(&seed, at(3)).await);
    let filter = CallFilter { limit: 2, ..CallFilter::default() };
    let page = db.store.calls(&seed.manager(), &filter).await.unwrap();
    assert_eq!(ids(&page), [third, second]);
    call_at(&seed, at(4)).await;
    let after = CallCursor::decode(&page.next_cursor.unwrap());
    let page = db.store.calls(&seed.manager(), &CallFilter { after, ..filter }).await.unwrap();
    assert_eq!((ids(&page), page.next_cursor), (vec![first], None));
}

pub async fn a_tenant_without_calls_has_one_empty_page(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let filter = CallFilter { limit: 5, ..CallFilter::default() };
    let page = db.store.calls(&seed.manager(), &filter).await.unwrap();
    assert!(page.calls.is_empty());
    assert_eq!((page.next_cursor, page.limit), (None, 5));
}

pub async fn calls_are_filtered_by_what_the_provider_said(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let boss = seed.manager();
    let (contact, lead) = seed.lead(1, at(0)).await;
    let missed = NewCall {
        kind: CallEventKind::Missed,
        stage: CallStage::Missed,
        phone: Some(phone(1)),
        contact: Some(contact),
        lead: Some(lead),
        ..NewCall::default()
    };
    let missed = seed.call(missed).await;
    let outbound = NewCall {
        at: at(10),
        direction: Direction::Outbound,
        owner: Some("csr_1"),
        phone: Some(phone(2)),
        ..NewCall::default()
    };
    let outbound = seed.call(outbound).await;
    let none = CallFilter::default;
    for (filter, expected) in [
        (CallFilter { status: Some("missed".into()), ..none() }, missed),
        (CallFilter { status: Some("completed".into()), ..none() }, outbound),
        (CallFilter { stage: Some("missed".into()), ..none() }, missed),
        (CallFilter { stage: Some("no_recording".into()), ..none() }, outbound),
        (CallFilter { direction: Some("inbound".into()), ..none() }, missed),
        (CallFilter { direction: Some("outbound".into()), ..none() }, outbound),
        (CallFilter { missed: Some(true), ..none() }, missed),
        (CallFilter { missed: Some(false), ..none() }, outbound),
        (CallFilter { contact: Some(contact), ..none() }, missed),
        (CallFilter { lead: Some(lead), ..none() }, missed),
        (CallFilter { owner: Some(user("csr_1")), ..none() }, outbound),
        (CallFilter { phone: Some("+16025550001".into()), ..none() }, missed),
        (CallFilter { from: Some(at(10)), ..none() }, outbound),
        (CallFilter { from: Some(at(1)), ..none() }, outbound),
        (CallFilter { until: Some(at(10)), ..none() }, missed),
        (CallFilter { until: Some(at(1)), ..none() }, missed),
        (CallFilter { from: Some(at(0)), until: Some(at(10)), missed: Some(true), ..none() }, missed),
    ] {
        assert_eq!(all(db, &boss, filter.clone()).await, [expected], "{filter:?}");
    }
    let nothing = CallFilter { missed: Some(true), direction: Some("outbound".into()), ..none() };
    assert!(all(db, &boss, nothing).await.is_empty());
}

pub async fn calls_are_filtered_by_the_verdicts_of_their_newest_analysis(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let boss = seed.manager();
    let booked = verdict(Some(LeadQuality::Hot), Some(BookingStatus::Booked), &[]);
    let open = verdict(Some(LeadQuality::Cold), Some(BookingStatus::NotBooked), &[]);
    let first = seed.judged(NewCall::default(), &booked).await;
    let second = seed.judged(NewCall { at: at(1), ..NewCall::default() }, &booked).await;
    // heard again, otherwise
    seed.analysed(second, &open, at(100)).await;
    seed.call(NewCall { at: at(2), ..NewCall::default() }).await;
    for (booking, quality, expected) in [("booked", "hot", first), ("not_booked", "cold", second)] {
        let filter = CallFilter { booking_status: Some(booking.into()), ..CallFilter::default() };
        assert_eq!(all(db, &boss, filter).await, [expected]);
        let filter = CallFilter { lead_quality: Some(quality.into()), ..CallFilter::default() };
        assert_eq!(all(db, &boss, filter).await, [expected]);
    }
    let filter = CallFilter { limit: 10, ..CallFilter::default() };
    let page = db.store.calls(&boss, &filter).await.unwrap();
    let shown: Vec<_> = page.calls.iter().map(|call| (call.booked, call.analyzed_at)).collect();
    assert_eq!(shown, [(false, None), (false, Some(at(100))), (true, Some(at(0)))]);
}

pub async fn a_line_tells_what_is_known_of_a_call(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.named_contact(1, Some("Maria de la Cruz")).await;
    let lead = seed.lead_of(contact, at(0)).await;
    let call = NewCall {
        phone: Some(phone(1)),
        name: Some("CRUZ MARIA"),
        owner: Some("csr_1"),
        rep: Some("rep_1"),
        contact: Some(contact),
        lead: Some(lead),
        ..NewCall::default()
    };
    let call = seed.call(call).await;
    seed.sql(&format!(
        "UPDATE calls SET problems = '[{{\"field\":\"duration\",\"problem\":\"negative\"}},{{}}]' WHERE id = {call}"
    ))
    .await;
    seed.call(NewCall { at: at(-1), name: Some("ANNA"), ..NewCall::default() }).await;
    let page =
        db.store.calls(&seed.manager(), &CallFilter { limit: 2, ..CallFilter::default() }).await.unwrap();
    let [line, unknown] = page.calls.as_slice() else { panic!("two calls") };
    // the name on the card, which people can correct, is better than the provider's
    assert_eq!(line.customer_name.as_deref(), Some("Maria de la Cruz"));
    assert_eq!(line.name, line.customer_name);
    assert_eq!(line.phone_number.as_deref(), Some("+16025550001"));
    assert_eq!((line.contact_card_id, line.lead_id), (Some(contact), Some(lead)));
    assert_eq!((line.owner_id.as_deref(), line.assigned_rep_id.as_deref()), (Some("csr_1"), Some("rep_1")));
    assert_eq!((line.direction.as_deref(), line.status.as_str()), (Some("inbound"), "completed"));
    assert_eq!((line.stage.as_str(), line.missed_call, line.booked), ("no_recording", false, false));
    assert_eq!((line.duration_seconds, line.problem_count), (Some(61), 2));
    assert_eq!((line.created_at, line.analyzed_at), (at(0), None));
    assert!(!line.provider_call_id.is_empty());
    assert_eq!((unknown.customer_name.as_deref(), unknown.contact_card_id), (Some("ANNA"), None));
    assert_eq!(unknown.problem_count, 0);
}

pub async fn a_window_of_calls_counts_microseconds(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = call_at(&seed, instant("2026-11-22T17:59:59.999999Z")).await;
    let window = |from: &str, until: &str| CallFilter {
        from: Some(instant(from)),
        until: Some(instant(until)),
        ..CallFilter::default()
    };
    let inside = window("2026-11-22T17:59:59.999999Z", "2026-11-22T18:00:00Z");
    assert_eq!(all(db, &seed.manager(), inside).await, [call]);
    let before = window("2026-11-22T17:59:59Z", "2026-11-22T17:59:59.999999Z");
    assert!(all(db, &seed.manager(), before).await.is_empty());
}
