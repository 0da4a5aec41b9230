//! The numbers of the receptionist dashboard, by the examples of contract `metrics.md`.

use app::reads::{BookingRatePoint, DashboardReads, TopObjection};
use calls::CallType;
use insights::{DayRange, Window};
use kernel::{Calendar, Timestamp};
use rbac::Grant;
use shunya_jobs::{
    BookingStatus::{Booked, NotBooked, ServiceNotOffered},
    LeadQuality::{Cold, Hot, Qualified, Unqualified, Warm},
};

use super::seed::{NewCall, Seed, instant, verdict};
use crate::{Database, contract::bench::at};

fn window() -> Window {
    Window::last_30_days(at(100))
}

/// Dataset D of `metrics.md` §1: calls of one CSR.
async fn dataset_d(seed: &Seed<'_>) {
    let call = |seconds| NewCall { at: at(seconds), owner: Some("csr_a"), ..NewCall::default() };
    for (seconds, record) in [
        (1, Some(verdict(Some(Hot), Some(Booked), &[]))),
        (2, Some(verdict(Some(Warm), Some(Booked), &["Price too high"]))),
        (3, Some(verdict(Some(Cold), Some(NotBooked), &["price too high", "Need to think"]))),
        (4, Some(verdict(Some(Qualified), Some(ServiceNotOffered), &[]))),
        (5, Some(verdict(Some(Unqualified), Some(NotBooked), &[]))),
        (6, None),
        (7, Some(verdict(Some(Warm), Some(NotBooked), &["price  too high "]))),
    ] {
        match record {
            Some(record) => seed.judged(call(seconds), &record).await,
            None => seed.call(call(seconds)).await,
        };
    }
}

pub async fn the_headline_of_dataset_d_is_the_contracts(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    dataset_d(&seed).await;
    let metrics = db.store.headline(&seed.manager(), window()).await.unwrap();
    assert_eq!(metrics.company.booking_rate, Some(0.4));
    assert_eq!((metrics.company.total_leads, metrics.company.qualified_leads), (7, 5));
    assert_eq!((metrics.company.booked_appointments, metrics.personal), (2, None));
}

pub async fn the_headline_repeats_a_csrs_own_numbers_for_them_alone(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    dataset_d(&seed).await;
    let other = NewCall { owner: Some("csr_b"), ..NewCall::default() };
    seed.judged(other, &verdict(Some(Warm), Some(Booked), &[])).await;
    let nobodys = verdict(Some(Hot), None, &[]);
    seed.judged(NewCall::default(), &nobodys).await;
    for (csr, rate, total, qualified, booked) in
        [("csr_a", Some(0.4), 7, 5, 2), ("csr_b", Some(1.0), 1, 1, 1), ("csr_c", None, 0, 0, 0)]
    {
        let metrics = db.store.headline(&seed.csr(csr, Grant::Company), window()).await.unwrap();
        let own = metrics.personal.unwrap();
        assert_eq!((own.booking_rate, own.total_leads), (rate, total), "{csr}");
        assert_eq!((own.qualified_leads, own.booked_appointments), (qualified, booked), "{csr}");
        assert_eq!((metrics.company.total_leads, metrics.company.qualified_leads), (9, 7));
        assert_eq!((metrics.company.booked_appointments, metrics.company.booking_rate), (3, Some(3.0 / 7.0)));
    }
    let rep = db.store.headline(&seed.rep("csr_a"), window()).await.unwrap();
    assert_eq!((rep.personal, rep.company.total_leads), (None, 9));
}

pub async fn the_headline_counts_csr_calls_of_the_window_by_their_newest_analysis(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let booked = verdict(Some(Hot), Some(Booked), &[]);
    let window = Window { from: at(10), until: at(20) };
    for seconds in [9, 10, 19, 20] {
        seed.judged(NewCall { at: at(seconds), ..NewCall::default() }, &booked).await;
    }
    let sales = NewCall { at: at(15), call_type: CallType::SalesCall, ..NewCall::default() };
    seed.judged(sales, &booked).await;
    // an analysis made after the window counts: it is the call that must lie in it
    let again = seed.judged(NewCall { at: at(15), ..NewCall::default() }, &booked).await;
    seed.analysed(again, &verdict(Some(Unqualified), Some(NotBooked), &[]), at(500)).await;
    let found = db.store.headline(&seed.manager(), window).await.unwrap().company;
    assert_eq!((found.total_leads, found.qualified_leads, found.booked_appointments), (3, 2, 2));
}

pub async fn a_tenant_without_calls_has_a_dashboard_of_nothing(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let found = db.store.headline(&seed.csr("csr_a", Grant::Company), window()).await.unwrap();
    assert_eq!((found.company.booking_rate, found.company.total_leads), (None, 0));
    assert_eq!(found.personal.unwrap().booking_rate, None);
    assert_eq!((found.funnel.missed_calls, found.funnel.lost_quotes.value_lost), (0, 0.0));
    assert_eq!(db.store.top_objections(&seed.manager(), window(), 5).await.unwrap(), []);
    let days = DayRange { first: "2025-01-01".parse().unwrap(), last: "2025-01-03".parse().unwrap() };
    let rates = db.store.booking_rates(&seed.manager(), days, Calendar::UTC).await.unwrap();
    assert_eq!(rates.iter().map(|point| point.rate).collect::<Vec<_>>(), [0.0, 0.0, 0.0]);
}

/// A booked and qualified call, or a qualified one that did not book.
async fn qualified(seed: &Seed<'_>, began: Timestamp, booked: bool) {
    let booking = if booked { Booked } else { NotBooked };
    seed.judged(NewCall { at: began, ..NewCall::default() }, &verdict(Some(Warm), Some(booking), &[])).await;
}

async fn rates(seed: &Seed<'_>, first: &str, last: &str, calendar: Calendar) -> Vec<(String, f64)> {
    let days = DayRange { first: first.parse().unwrap(), last: last.parse().unwrap() };
    let points = seed.bench.db.store.booking_rates(&seed.manager(), days, calendar).await.unwrap();
    let expected: Vec<_> = days.days().collect();
    assert_eq!(points.iter().map(|point| point.date).collect::<Vec<_>>(), expected);
    let told = |point: BookingRatePoint| (point.date.to_string(), point.rate);
    assert!(points.iter().all(|point| point.rate == 0.0 || point.qualified > 0), "{points:?}");
    points.into_iter().filter(|point| point.rate > 0.0).map(told).collect()
}

pub async fn booking_rates_are_the_contracts_example(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    for (minutes, booked) in [(0, true), (700, true), (1_439, false)] {
        let began = instant("2025-01-01T00:00:00Z") + chrono::Duration::minutes(minutes);
        qualified(&seed, began, booked).await;
    }
    // neither qualified nor booked, and another's business
    let unqualified = NewCall { at: instant("2025-01-01T10:00:00Z"), ..NewCall::default() };
    seed.judged(unqualified, &verdict(Some(Unqualified), None, &[])).await;
    let sales =
        NewCall { at: instant("2025-01-02T10:00:00Z"), call_type: CallType::SalesCall, ..NewCall::default() };
    seed.judged(sales, &verdict(Some(Hot), Some(Booked), &[])).await;
    qualified(&seed, instant("2024-12-31T23:59:59.999999Z"), true).await;
    qualified(&seed, instant("2025-01-03T00:00:00Z"), true).await;
    let found = rates(&seed, "2025-01-01", "2025-01-02", Calendar::UTC).await;
    assert_eq!(found, [("2025-01-01".to_owned(), 66.67)]);
    // a day on which nobody booked is not a day on which nobody called
    qualified(&seed, instant("2025-01-05T12:00:00Z"), false).await;
    let days = DayRange { first: "2025-01-04".parse().unwrap(), last: "2025-01-05".parse().unwrap() };
    let points = seed.bench.db.store.booking_rates(&seed.manager(), days, Calendar::UTC).await.unwrap();
    let told: Vec<_> = points.iter().map(|point| (point.rate, point.qualified)).collect();
    assert_eq!(told, [(0.0, 0), (0.0, 1)]);
}

pub async fn a_booking_rate_is_at_most_a_hundred(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let began = instant("2025-01-01T10:00:00Z");
    qualified(&seed, began, true).await;
    // booked, and called unqualified all the same
    let strange = verdict(Some(Unqualified), Some(Booked), &[]);
    seed.judged(NewCall { at: began, ..NewCall::default() }, &strange).await;
    let found = rates(&seed, "2025-01-01", "2025-01-01", Calendar::UTC).await;
    assert_eq!(found, [("2025-01-01".to_owned(), 100.0)]);
}

pub async fn days_are_cut_where_the_company_lives(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    // midnight in Phoenix is 07:00 UTC all year round
    qualified(&seed, instant("2026-07-02T06:59:59.999999Z"), true).await;
    qualified(&seed, instant("2026-07-02T07:00:00Z"), false).await;
    let phoenix = Calendar::in_zone("America/Phoenix").unwrap();
    let found = rates(&seed, "2026-07-01", "2026-07-02", phoenix).await;
    assert_eq!(found, [("2026-07-01".to_owned(), 100.0)]);
    let found = rates(&seed, "2026-07-01", "2026-07-02", Calendar::UTC).await;
    assert_eq!(found, [("2026-07-02".to_owned(), 50.0)]);
}

pub async fn days_with_a_clock_change_have_23_or_25_hours(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let chicago = Calendar::in_zone("America/Chicago").unwrap();
    // 2026-03-08 begins at 06:00 UTC and ends at 05:00; 2026-11-01 begins at 05:00 and ends at 06:00
    for (began, booked) in [
        ("2026-03-08T05:59:59Z", false),
        ("2026-03-08T06:00:00Z", true),
        ("2026-03-09T04:59:59Z", true),
        ("2026-03-09T05:00:00Z", false),
        ("2026-11-01T04:59:59Z", false),
        ("2026-11-01T05:00:00Z", true),
        ("2026-11-02T05:59:59Z", true),
        ("2026-11-02T06:00:00Z", false),
    ] {
        qualified(&seed, instant(began), booked).await;
    }
    let found = rates(&seed, "2026-03-07", "2026-11-02", chicago).await;
    assert_eq!(found, [("2026-03-08".to_owned(), 100.0), ("2026-11-01".to_owned(), 100.0)]);
}

pub async fn a_day_that_never_was_is_empty(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    // Samoa went from the 29th to the 31st
    let apia = Calendar::in_zone("Pacific/Apia").unwrap();
    qualified(&seed, instant("2011-12-29T23:00:00Z"), true).await;
    qualified(&seed, instant("2011-12-30T10:00:00Z"), true).await;
    let found = rates(&seed, "2011-12-28", "2012-01-02", apia).await;
    assert_eq!(found, [("2011-12-29".to_owned(), 100.0), ("2011-12-31".to_owned(), 100.0)]);
}

pub async fn two_years_are_one_answer(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    qualified(&seed, instant("2024-12-31T12:00:00Z"), true).await;
    qualified(&seed, instant("2026-12-31T12:00:00Z"), true).await;
    let found = rates(&seed, "2024-12-31", "2026-12-31", Calendar::UTC).await;
    assert_eq!(found, [("2024-12-31".to_owned(), 100.0), ("2026-12-31".to_owned(), 100.0)]);
}

async fn top(seed: &Seed<'_>, window: Window, limit: i64) -> Vec<(String, f64)> {
    let found = seed.bench.db.store.top_objections(&seed.manager(), window, limit).await.unwrap();
    found.into_iter().map(|TopObjection { label, percentage }| (label, percentage)).collect()
}

pub async fn the_objections_of_dataset_d_are_the_contracts(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    dataset_d(&seed).await;
    let expected = [("price too high".to_owned(), 100.0), ("need to think".to_owned(), 33.33)];
    assert_eq!(top(&seed, window(), 5).await, expected);
    assert_eq!(top(&seed, window(), 1).await, expected[..1]);
}

pub async fn objections_as_frequent_come_by_letter(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    for objections in [["b_c", "z"], ["a", "z"], ["É", "B d"], ["b c", "b c"]] {
        seed.judged(NewCall::default(), &verdict(None, None, &objections)).await;
    }
    let labels: Vec<_> = top(&seed, window(), 20).await.into_iter().map(|(label, _)| label).collect();
    assert_eq!(labels, ["z", "a", "b c", "b d", "b_c", "é"]);
    // twice in one call is once
    assert!(top(&seed, window(), 20).await.contains(&("b c".to_owned(), 25.0)));
}

pub async fn only_the_newest_analysis_of_a_call_speaks_for_it(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.judged(NewCall::default(), &verdict(None, None, &["misheard"])).await;
    seed.analysed(call, &verdict(None, None, &["not the last of its time"]), at(50)).await;
    seed.analysed(call, &verdict(None, None, &["Price"]), at(50)).await;
    seed.analysed(call, &verdict(None, None, &["late, about an older one"]), at(40)).await;
    assert_eq!(top(&seed, window(), 5).await, [("price".to_owned(), 100.0)]);
    // heard again without any: then it has none
    seed.analysed(call, &verdict(None, None, &[]), at(60)).await;
    assert_eq!(top(&seed, window(), 5).await, []);
}

pub async fn objections_count_by_when_they_were_analysed_and_on_csr_calls(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let window = Window { from: at(10), until: at(20) };
    for (seconds, text) in [(9, "before"), (10, "first"), (19, "last"), (20, "after")] {
        let call = seed.call(NewCall { at: at(-500), ..NewCall::default() }).await;
        seed.analysed(call, &verdict(None, None, &[text]), at(seconds)).await;
    }
    let sales = seed.call(NewCall { call_type: CallType::SalesCall, ..NewCall::default() }).await;
    seed.analysed(sales, &verdict(None, None, &["another's"]), at(15)).await;
    let expected = [("first".to_owned(), 50.0), ("last".to_owned(), 50.0)];
    assert_eq!(top(&seed, window, 5).await, expected);
}
