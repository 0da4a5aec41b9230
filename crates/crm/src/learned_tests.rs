use proptest::{collection::vec, option, prelude::*};

use super::*;

#[expect(clippy::unnecessary_wraps, reason = "what it is compared with is optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn at(second: i64) -> Timestamp {
    chrono::DateTime::from_timestamp(1_790_000_000 + second, 0).unwrap()
}

fn provided(name: &str, city: &str) -> Learned {
    let provided = Provided { name: text(name), city: text(city), state: text("AZ") };
    Learned { provided, ..Learned::default() }
}

#[test]
fn names_are_split_at_the_first_blank() {
    let split = |name| {
        let (first, last) = split_name(name);
        (first.unwrap_or_default(), last.unwrap_or_default())
    };
    assert_eq!(split("Kaylah Mills"), ("Kaylah".into(), "Mills".into()));
    assert_eq!(split(" Maria  de la Cruz "), ("Maria".into(), "de la Cruz".into()));
    assert_eq!(split("Cher"), ("Cher".into(), String::new()));
    assert_eq!(split_name("  "), (None, None));
}

#[test]
fn the_provider_s_name_goes_before_one_that_was_heard_and_a_heard_address_before_a_caller_s_city() {
    let mut learned = provided("Dana Whitfield", "Tempe");
    let said = ContactUpdate {
        name: text("Dee W"),
        email: text("d@example.com"),
        address: text("12 Elm St"),
        city: text("Mesa"),
        ..ContactUpdate::default()
    };
    learned.hear(&said, at(0), CallId(1));
    let fields = learned.fields();
    assert_eq!(
        (fields.first_name.as_deref(), fields.last_name.as_deref()),
        (Some("Dana"), Some("Whitfield"))
    );
    assert_eq!((fields.address.as_deref(), fields.city.as_deref()), (Some("12 Elm St"), Some("Mesa")));
    assert_eq!((fields.state.as_deref(), fields.email.as_deref()), (Some("AZ"), Some("d@example.com")));
}

#[test]
fn what_a_person_wrote_stays_and_what_they_did_not_touch_goes_on_being_learned() {
    let (before, after) = (provided("Dana Whitfield", "Tempe"), provided("D Whitfield", "Mesa"));
    let mut card = before.fields();
    card.first_name = text("Daniela");
    let card = relearn(&card, &before, &after);
    assert_eq!((card.first_name.as_deref(), card.last_name.as_deref()), (Some("Daniela"), Some("Whitfield")));
    assert_eq!(card.city.as_deref(), Some("Mesa"));
    // a field that was emptied stays empty
    let emptied = CardFields { first_name: None, last_name: None, ..after.fields() };
    let again = relearn(&emptied, &after, &before);
    assert_eq!((again.first_name, again.last_name), (None, None));
}

#[test]
fn a_card_from_before_anything_was_learned_keeps_what_it_has() {
    let card = CardFields { first_name: text("Cher"), address: text("1 Oak"), ..CardFields::default() };
    let learned = relearn(&card, &Learned::default(), &provided("Dana Whitfield", "Tempe"));
    assert_eq!(learned, card);
}

#[test]
fn a_lead_s_source_may_be_corrected_and_its_last_contact_only_grows_by_hand() {
    let before =
        LeadFacts { source: Some(LeadSource::InboundCall), campaign: None, last_contacted_at: Some(at(10)) };
    let after = LeadFacts {
        source: Some(LeadSource::Other),
        campaign: text("Spring"),
        last_contacted_at: Some(at(5)),
    };
    assert_eq!(relearn_lead(&before.fields(), &before, &after), after.fields());
    let corrected =
        LeadFields { source: LeadSource::Referral, last_contacted_at: Some(at(20)), ..before.fields() };
    let kept = relearn_lead(&corrected, &before, &after);
    assert_eq!((kept.source, kept.last_contacted_at), (LeadSource::Referral, Some(at(20))));
    assert_eq!(kept.campaign.as_deref(), Some("Spring"));
}

#[test]
fn survives_storage() {
    let mut learned = provided("Dana Whitfield", "Tempe");
    learned.hear(
        &ContactUpdate { email: text("d@example.com"), ..ContactUpdate::default() },
        at(1),
        CallId(7),
    );
    let stored = serde_json::to_value(&learned).unwrap();
    assert_eq!(serde_json::from_value::<Learned>(stored).unwrap(), learned);
    let facts = LeadFacts { source: Some(LeadSource::Other), campaign: None, last_contacted_at: Some(at(3)) };
    let stored = serde_json::to_value(&facts).unwrap();
    assert_eq!(serde_json::from_value::<LeadFacts>(stored).unwrap(), facts);
}

fn any_said() -> impl Strategy<Value = (ContactUpdate, i64, i64)> {
    let word = || option::of("[a-c]");
    ((word(), word(), word(), word()), 0i64..4, 1i64..4).prop_map(
        |((name, email, address, city), at, call)| {
            (ContactUpdate { name, email, address, city, ..ContactUpdate::default() }, at, call)
        },
    )
}

proptest! {
    // two answers about one call are told apart by their order: there is one analysis of a call at a time
    #[test]
    fn conversations_are_heard_the_same_in_any_order(
        (said, shuffled) in vec(any_said(), 1..6).prop_flat_map(|mut said| {
            said.sort_by_key(|(_, at, call)| (*at, *call));
            said.dedup_by_key(|(_, at, call)| (*at, *call));
            (Just(said.clone()), Just(said).prop_shuffle())
        })
    ) {
        let heard = |said: &[(ContactUpdate, i64, i64)]| {
            let mut learned = Learned::default();
            for (update, second, call) in said {
                learned.hear(update, at(*second), CallId(*call));
            }
            learned.fields()
        };
        prop_assert_eq!(heard(&said), heard(&shuffled));
    }
}
