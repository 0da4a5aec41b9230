//! What people type into the search box over leads.

use app::reads::{CrmReads, LeadFilter};

use super::seed::Seed;
use crate::{Database, contract::bench::at};

/// Customers by what distinguishes them: tail of their number, name, and other columns.
async fn customers(seed: &Seed<'_>, people: &[(u32, &'static str, &str)]) {
    for (tail, name, values) in people {
        let contact = seed.named_contact(*tail, Some(name)).await;
        if !values.is_empty() {
            seed.set_contact(contact, values).await;
        }
        seed.lead_of(contact, at(i64::from(*tail))).await;
    }
}

/// The first names of those found, newest lead first.
async fn found(seed: &Seed<'_>, text: &str) -> Vec<String> {
    let filter = LeadFilter { search: Some(text.to_owned()), limit: 50, ..LeadFilter::default() };
    let list = seed.bench.db.store.leads(&seed.manager(), &filter, at(0)).await.unwrap();
    assert_eq!(list.total, i64::try_from(list.rows.len()).unwrap(), "{text}");
    list.rows.into_iter().map(|row| row.contact_card.first_name.unwrap_or_default()).collect()
}

pub async fn leads_are_searched_by_name_number_email_and_address(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    customers(
        &seed,
        &[
            (101, "Anna Bell", "email = 'anna@Example.com', address = '12 Main St', city = 'Tempe'"),
            (202, "Bob Mainwaring", "secondary_phone = '+14805551234', postal_code = '85001'"),
            (303, "Carl", ""),
        ],
    )
    .await;
    for (text, expected) in [
        ("anna", ["Anna"].as_slice()),
        ("ANNA BELL", &["Anna"]),
        ("na be", &["Anna"]),
        ("  bell ", &["Anna"]),
        ("main", &["Bob", "Anna"]),
        ("@example.COM", &["Anna"]),
        ("12 main", &["Anna"]),
        ("tempe", &["Anna"]),
        ("85001", &["Bob"]),
        // nothing reaches over from one field to the next
        ("bell+1602", &[]),
        ("bob main", &["Bob"]),
        ("mainwaring bob", &[]),
        ("", &["Carl", "Bob", "Anna"]),
        ("  ", &["Carl", "Bob", "Anna"]),
        ("nobody", &[]),
    ] {
        assert_eq!(found(&seed, text).await, expected, "{text:?}");
    }
}

pub async fn numbers_are_found_however_they_are_written(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    customers(
        &seed,
        &[
            (101, "Anna", ""),
            (202, "Bob", "secondary_phone = '+14805551234'"),
            (303, "Carl", "address = '555 1st St'"),
        ],
    )
    .await;
    for (text, expected) in [
        ("+16025550101", ["Anna"].as_slice()),
        ("(602) 555-0101", &["Anna"]),
        ("1.602.555.0101", &["Anna"]),
        ("5550202", &["Bob"]),
        ("480-555", &["Bob"]),
        // in an address, as typed
        ("555 1", &["Carl", "Bob"]),
        ("602 555", &["Carl", "Bob", "Anna"]),
        ("555 0303 x", &[]),
    ] {
        assert_eq!(found(&seed, text).await, expected, "{text:?}");
    }
}

pub async fn what_is_typed_is_never_a_wildcard(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    customers(
        &seed,
        &[
            (1, "Per%cent", ""),
            (2, "Under_score", ""),
            (3, "Back\\slash", ""),
            (4, "Plain", "address = 'O''Brien''s Lane'"),
        ],
    )
    .await;
    for (text, expected) in [
        ("%", ["Per%cent"].as_slice()),
        ("_", &["Under_score"]),
        ("\\", &["Back\\slash"]),
        ("r%c", &["Per%cent"]),
        ("r_c", &[]),
        ("r_s", &["Under_score"]),
        ("k\\s", &["Back\\slash"]),
        ("\\%", &[]),
        ("o'brien", &["Plain"]),
        ("'; --", &[]),
        ("p[le]", &[]),
        ("pla*", &[]),
    ] {
        assert_eq!(found(&seed, text).await, expected, "{text:?}");
    }
}

pub async fn letters_beyond_ascii_are_found_in_either_case(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    customers(&seed, &[(1, "Ömer ÖZTÜRK", ""), (2, "Zoë Müller", ""), (3, "ζωή Παππά", "")]).await;
    for (text, expected) in [
        ("ömer", ["Ömer"].as_slice()),
        ("ÖMER", &["Ömer"]),
        ("öztürk", &["Ömer"]),
        ("Öztürk", &["Ömer"]),
        ("Ömer", &["Ömer"]),
        ("ürk", &["Ömer"]),
        ("müller", &["Zoë"]),
        ("MÜLLER", &["Zoë"]),
        ("zoë mü", &["Zoë"]),
        ("ΖΩΉ", &["ζωή"]),
        ("παππά", &["ζωή"]),
        ("muller", &[]),
    ] {
        assert_eq!(found(&seed, text).await, expected, "{text:?}");
    }
}

pub async fn no_search_is_too_strange(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    customers(&seed, &[(1, "Anna", "")]).await;
    for text in
        ["\0", "a\0b", "\u{1F600}", "\u{202e}", "\n\t", &"a".repeat(100_000), &"%".repeat(60_000), "$1 ?"]
    {
        let found = found(&seed, text).await;
        assert!(found.len() <= 1, "{text:?}");
    }
}
