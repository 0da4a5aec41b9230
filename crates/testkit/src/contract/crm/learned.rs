//! What a card and a lead show follows from their calls, whichever was heard of first, and never goes over what people
//! wrote.

use app::ports::StoredCall;
use calls::{CallEvent, CallEventKind, CallFacts, Direction, ReportedFacts};
use kernel::{ContactCardId, LeadId, Scope, Timestamp};

use crate::{
    Database,
    contract::bench::{Bench, at, phone},
};

/// What a call says of its customer.
#[derive(Clone, Default)]
struct Says {
    name: Option<&'static str>,
    place: Option<(&'static str, &'static str)>,
    campaign: Option<&'static str>,
    outbound: bool,
}

/// Stores a call of a customer's, and lets card and lead learn of it.
async fn call(
    bench: &Bench<'_>,
    scope: &Scope,
    (contact, lead): (ContactCardId, LeadId),
    (primary, began): (&str, Timestamp),
    says: Says,
) -> StoredCall {
    let blank = Bench::blank_call(primary, None);
    let mut facts = CallFacts::default();
    let text = |text: Option<&str>| text.map(str::to_owned);
    facts.absorb(&CallEvent {
        kind: CallEventKind::Completed,
        ids: blank.ids.clone(),
        digest: 1,
        facts: ReportedFacts {
            direction: Some(if says.outbound { Direction::Outbound } else { Direction::Inbound }),
            customer_name: text(says.name),
            customer_city: text(says.place.map(|place| place.0)),
            customer_state: text(says.place.map(|place| place.1)),
            campaign: text(says.campaign),
            ..ReportedFacts::default()
        },
        problems: Vec::new(),
    });
    let call = StoredCall { facts, contact: Some(contact), lead: Some(lead), created_at: began, ..blank };
    let call = bench.insert_call(scope, call).await.unwrap();
    learn(bench, scope, contact, lead).await;
    call
}

async fn learn(bench: &Bench<'_>, scope: &Scope, contact: ContactCardId, lead: LeadId) {
    let mut unit = bench.begin(scope).await;
    unit.crm().learn_from_calls(contact, Some(lead), at(99)).await.unwrap();
    unit.commit().await.unwrap();
}

/// First name, last name, city, state, version of the only card of a tenant.
async fn card(db: &Database, company: &str) -> Vec<String> {
    let fields = "coalesce(first_name, '-') || ' ' || coalesce(last_name, '-') || ' ' || coalesce(city, '-') || ' ' \
                  || coalesce(state, '-') || ' ' || version";
    db.texts(&format!("SELECT {fields} FROM contact_cards WHERE company_id = '{company}'")).await
}

/// Source, campaign and the second of the last contact of the only lead.
async fn lead_of(db: &Database) -> (Vec<String>, i64) {
    let text = db.texts("SELECT source || ' ' || coalesce(campaign, '-') || ' ' || version FROM leads").await;
    let micros = if db.is_postgres() {
        "SELECT CAST(coalesce(extract(epoch FROM last_contacted_at) * 1000000, 0) AS bigint) FROM leads"
    } else {
        "SELECT coalesce(last_contacted_at, 0) FROM leads"
    };
    (text, db.number(micros).await)
}

pub async fn a_card_and_a_lead_are_what_the_earliest_calls_say(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let customer = (contact, bench.lead(&scope, contact).await.id);
    let says =
        Says { name: Some("Late Name"), place: Some(("Mesa", "AZ")), campaign: Some("Late"), outbound: true };
    call(&bench, &scope, customer, ("CAL3", at(30)), says).await;
    assert_eq!(card(db, "org_a").await, ["Late Name Mesa AZ 1"]);
    assert_eq!(lead_of(db).await, (vec!["other Late 1".to_owned()], at(30).timestamp_micros()));
    // heard of later, began earlier
    let says = Says { name: Some("First Name"), campaign: Some("First"), ..Says::default() };
    call(&bench, &scope, customer, ("CAL2", at(20)), says).await;
    assert_eq!(card(db, "org_a").await, ["First Name Mesa AZ 1"]);
    assert_eq!(lead_of(db).await, (vec!["inbound_call First 1".to_owned()], at(30).timestamp_micros()));
    // says nothing but where from
    let says = Says { place: Some(("Tempe", "NM")), ..Says::default() };
    call(&bench, &scope, customer, ("CAL1", at(10)), says).await;
    assert_eq!(card(db, "org_a").await, ["First Name Tempe NM 1"]);
    assert_eq!(lead_of(db).await, (vec!["inbound_call First 1".to_owned()], at(30).timestamp_micros()));
    // began at the same moment: the names decide
    let says = Says { name: Some("Same Moment"), ..Says::default() };
    call(&bench, &scope, customer, ("CAL1b", at(20)), says).await;
    assert_eq!(card(db, "org_a").await, ["Same Moment Tempe NM 1"]);
    // once more changes nothing
    learn(&bench, &scope, customer.0, customer.1).await;
    assert_eq!(card(db, "org_a").await, ["Same Moment Tempe NM 1"]);
}

pub async fn what_people_wrote_is_not_learned_over(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let customer = (contact, bench.lead(&scope, contact).await.id);
    let says = Says {
        name: Some("Caller Id"),
        place: Some(("Mesa", "AZ")),
        campaign: Some("Ads"),
        ..Says::default()
    };
    call(&bench, &scope, customer, ("CAL2", at(20)), says).await;
    db.run("UPDATE contact_cards SET first_name = 'Daniela', last_name = NULL").await;
    db.run("UPDATE leads SET source = 'referral'").await;
    let says =
        Says { name: Some("Other Id"), place: Some(("Tempe", "AZ")), campaign: Some("Mail"), outbound: true };
    call(&bench, &scope, customer, ("CAL1", at(10)), says).await;
    assert_eq!(card(db, "org_a").await, ["Daniela - Tempe AZ 1"]);
    assert_eq!(lead_of(db).await.0, ["referral Mail 1"]);
    // a contact later than every call was recorded by somebody else
    let later = if db.is_postgres() { "'2026-11-23T00:00:00Z'" } else { "1795392000000000" };
    db.run(&format!("UPDATE leads SET last_contacted_at = {later}")).await;
    let before = lead_of(db).await.1;
    call(&bench, &scope, customer, ("CAL3", at(40)), Says::default()).await;
    assert_eq!(lead_of(db).await.1, before);
    assert!(before > at(40).timestamp_micros());
}

pub async fn a_call_that_moves_away_takes_its_word_with_it(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let customer = (contact, bench.lead(&scope, contact).await.id);
    let says = Says { name: Some("Wrong Number"), place: Some(("Mesa", "AZ")), ..Says::default() };
    let mut wrong = call(&bench, &scope, customer, ("CAL1", at(10)), says).await;
    assert_eq!(card(db, "org_a").await, ["Wrong Number Mesa AZ 1"]);
    (wrong.contact, wrong.lead) = (None, None);
    let mut unit = bench.begin(&scope).await;
    unit.calls().save(&wrong, at(50)).await.unwrap();
    unit.commit().await.unwrap();
    learn(&bench, &scope, customer.0, customer.1).await;
    assert_eq!(card(db, "org_a").await, ["- - - - 1"]);
    assert_eq!(lead_of(db).await, (vec!["unknown - 1".to_owned()], 0));
}

pub async fn a_card_learns_nothing_of_another_tenant_s_calls(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let of_a = bench.contact(&a, &phone(1)).await;
    let of_a = (of_a, bench.lead(&a, of_a).await.id);
    let of_b = bench.contact(&b, &phone(1)).await;
    let of_b = (of_b, bench.lead(&b, of_b).await.id);
    let says = Says { name: Some("Of A"), ..Says::default() };
    call(&bench, &a, of_a, ("CAL1", at(10)), says).await;
    learn(&bench, &b, of_b.0, of_b.1).await;
    // nor is a card there for whoever is not its tenant
    learn(&bench, &b, of_a.0, of_a.1).await;
    assert_eq!(card(db, "org_a").await, ["Of A - - 1"]);
    assert_eq!(card(db, "org_b").await, ["- - - - 1"]);
}
