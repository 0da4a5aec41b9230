//! One card for each number; what is known is never overwritten.

use app::ports::NewContact;
use crm::ContactUpdate;
use kernel::{CallId, ContactCardId, Scope};

use crate::{
    Database,
    contract::bench::{Bench, at, phone, together},
};

#[expect(clippy::unnecessary_wraps, reason = "as a field of an update takes it")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// What was said in a call that began so many seconds after the first.
async fn hear(
    bench: &Bench<'_>,
    scope: &Scope,
    id: ContactCardId,
    second: i64,
    update: &ContactUpdate,
) -> bool {
    let mut unit = bench.begin(scope).await;
    let call = (CallId(100 + second), at(second));
    let changed = unit.crm().hear_of_contact(id, update, call, at(99)).await.unwrap();
    unit.commit().await.unwrap();
    changed
}

/// Whether the only card has these values; a missing one is written as `-`.
async fn card_is(db: &Database, expected: [&str; 7]) -> bool {
    let columns = ["first_name", "last_name", "email", "address", "city", "state", "postal_code"];
    let matches: Vec<_> = columns
        .iter()
        .zip(expected)
        .map(|(column, value)| format!("coalesce({column}, '-') = '{value}'"))
        .collect();
    db.number(&format!("SELECT count(*) FROM contact_cards WHERE {}", matches.join(" AND "))).await == 1
}

pub async fn a_number_has_one_card(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let number = phone(1);
    let mut unit = bench.begin(&scope).await;
    let mut ensure = async |name, city| {
        let id = ContactCardId::fresh(&bench.ids);
        let contact = NewContact { id, phone: &number, name, city, state: Some("AZ") };
        (id, unit.crm().ensure_contact(&contact, at(0)).await.unwrap())
    };
    let (id, first) = ensure(Some("Kaylah Mills"), Some("Phoenix")).await;
    assert_eq!((first.id, first.is_new), (id, true));
    let (_, again) = ensure(Some("Somebody Else"), Some("Tucson")).await;
    assert_eq!((again.id, again.is_new), (id, false));
    unit.commit().await.unwrap();
    assert!(card_is(db, ["Kaylah", "Mills", "-", "-", "Phoenix", "AZ", "-"]).await, "the first word stands");
}

pub async fn concurrent_first_calls_of_a_customer_make_one_card(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let number = phone(1);
    let ensuring = (0..8).map(|_| async {
        let id = ContactCardId::fresh(&bench.ids);
        let contact = NewContact { id, phone: &number, name: None, city: None, state: None };
        let mut unit = bench.begin(&scope).await;
        let ensured = unit.crm().ensure_contact(&contact, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        ensured
    });
    let ensured = together(ensuring).await;
    assert_eq!(ensured.iter().filter(|contact| contact.is_new).count(), 1);
    let id = ensured.first().unwrap().id;
    assert!(ensured.iter().all(|contact| contact.id == id));
    assert_eq!(db.rows("contact_cards").await, 1);
}

pub async fn a_number_has_a_card_at_each_tenant(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let of_a = bench.contact(&a, &phone(1)).await;
    let of_b = bench.contact(&b, &phone(1)).await;
    assert_ne!(of_a, of_b);
}

pub async fn of_what_was_said_the_first_word_stands(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let id = bench.contact(&scope, &phone(1)).await;
    let first = ContactUpdate { name: text("Maria de la Cruz"), ..ContactUpdate::default() };
    assert!(hear(&bench, &scope, id, 1, &first).await);
    assert!(card_is(db, ["Maria", "de la Cruz", "-", "-", "-", "-", "-"]).await);
    let second = ContactUpdate {
        name: text("Somebody Else"),
        email: text("maria@example.com"),
        address: text("12 Elm St"),
        city: text("Mesa"),
        state: text("AZ"),
        postal_code: text("85201"),
    };
    assert!(hear(&bench, &scope, id, 2, &second).await);
    let full = ["Maria", "de la Cruz", "maria@example.com", "12 Elm St", "Mesa", "AZ", "85201"];
    assert!(card_is(db, full).await);
    let third = ContactUpdate {
        name: text("A B"),
        email: text("c@example.com"),
        address: text("1 Oak"),
        city: text("Tempe"),
        state: text("NM"),
        postal_code: text("1"),
    };
    assert!(!hear(&bench, &scope, id, 3, &third).await, "nothing is empty");
    assert!(card_is(db, full).await);
    assert_eq!(db.number("SELECT CAST(version AS bigint) FROM contact_cards").await, 3);
    // the analysis of an earlier call came last
    assert!(hear(&bench, &scope, id, 0, &third).await);
    assert!(card_is(db, ["A", "B", "c@example.com", "1 Oak", "Tempe", "NM", "1"]).await);
}

pub async fn a_name_or_an_address_is_one_thing(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let id = bench.contact(&scope, &phone(1)).await;
    db.run("UPDATE contact_cards SET first_name = 'Cher', address = '12 Elm St'").await;
    let update = ContactUpdate {
        name: text("Maria Cruz"),
        address: text("1 Oak"),
        city: text("Tempe"),
        ..ContactUpdate::default()
    };
    assert!(!hear(&bench, &scope, id, 1, &update).await);
    assert!(card_is(db, ["Cher", "-", "-", "12 Elm St", "-", "-", "-"]).await);
}

pub async fn hearing_nothing_changes_nothing(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let id = bench.contact(&scope, &phone(1)).await;
    assert!(!hear(&bench, &scope, id, 1, &ContactUpdate::default()).await);
    assert_eq!(db.number("SELECT CAST(version AS bigint) FROM contact_cards").await, 1);
}

pub async fn a_card_of_another_tenant_is_not_there(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let id = bench.contact(&a, &phone(1)).await;
    let update = ContactUpdate { name: text("Mallory M"), ..ContactUpdate::default() };
    assert!(!hear(&bench, &b, id, 1, &update).await);
    assert!(card_is(db, ["-", "-", "-", "-", "-", "-", "-"]).await);
}
