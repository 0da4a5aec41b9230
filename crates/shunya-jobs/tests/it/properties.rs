//! What holds for any payload whatever.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};
use shunya_jobs::{AnalysisRecord, Normalised, normalise, normalise_transcript};

use crate::support::{at, fixture};

static FIXTURES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let names = [
        "d15",
        "d8",
        "n15",
        "predecessor",
        "webhook_result",
        "webhook_data",
        "transcript_labels",
        "transcript_segments",
    ];
    names.map(fixture).into()
});

/// Keys the normaliser looks for, so that nonsense gets to where it hurts.
static KEYS: LazyLock<Vec<String>> = LazyLock::new(|| {
    fn collect(value: &Value, keys: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| collect(item, keys)),
            Value::Object(map) => {
                for (key, field) in map {
                    keys.insert(key.clone());
                    collect(field, keys);
                }
            }
            _ => {}
        }
    }
    let more = ["analysis", "text", "transcription", "segments", "action", "quote", "stages_completed", "x"];
    let mut keys: BTreeSet<String> = more.map(str::to_owned).into();
    FIXTURES.iter().for_each(|payload| collect(payload, &mut keys));
    keys.into_iter().collect()
});

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (-2.0..120.0).prop_map(Value::from),
        (-2..=2).prop_map(Value::from),
        Just(json!(-0.0)),
        Just(json!(1.000_000_1)),
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    let words = [
        "",
        " ",
        "\0",
        "hot",
        "pending",
        "booked",
        "qualified_and_booked",
        "high",
        "true",
        "0.5",
        "-3",
        "1e999",
        "12:30",
        "2025-12-20",
        "2025-12-20T10:00:00-07:00",
        "2025-12-20 10:00",
        "2025-12-20T23:59:60",
        "call_back",
        "in-person",
        "missed",
        "ö\u{0}ß",
        "\u{feff}x",
        "America/Phoenix",
    ];
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        number(),
        select(words.to_vec()).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ]
}

fn nonsense() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 96, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((select(KEYS.as_slice()), inner), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// A documented payload of which some numbers are others, and some values went wrong altogether.
fn damaged() -> impl Strategy<Value = Value> {
    let others = vec((any::<prop::sample::Index>(), number()), 0..12);
    let wrong = vec((any::<prop::sample::Index>(), nonsense()), 0..6);
    (select(FIXTURES.as_slice()), others, wrong).prop_map(|(mut payload, others, wrong)| {
        for (place, other) in others {
            replace(&mut payload, place, Value::is_number, other);
        }
        for (place, wrong) in wrong {
            replace(&mut payload, place, |_| true, wrong);
        }
        payload
    })
}

fn replace(payload: &mut Value, place: prop::sample::Index, fits: fn(&Value) -> bool, other: Value) {
    let mut places = pointers(payload);
    places.retain(|place| payload.pointer(place).is_some_and(fits));
    if !places.is_empty() {
        *payload.pointer_mut(&places[place.index(places.len())]).unwrap() = other;
    }
}

fn pointers(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Array(items) => items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect(),
        Value::Object(map) => map.iter().map(|(key, field)| (key.clone(), field)).collect(),
        _ => vec![],
    };
    inner
        .into_iter()
        .flat_map(|(key, inner)| {
            let deeper = pointers(inner).into_iter().map(|rest| format!("/{key}{rest}")).collect::<Vec<_>>();
            std::iter::once(format!("/{key}")).chain(deeper)
        })
        .collect()
}

fn payload() -> impl Strategy<Value = Value> {
    prop_oneof![nonsense(), damaged()]
}

fn object() -> impl Strategy<Value = Value> {
    payload().prop_filter("an object", Value::is_object)
}

fn permuted(value: &Value, seed: u64) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| permuted(item, seed)).collect(),
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_cached_key(|(key, _)| {
                let mut hasher = DefaultHasher::new();
                (seed, key).hash(&mut hasher);
                hasher.finish()
            });
            fields
                .into_iter()
                .map(|(key, field)| (key.clone(), permuted(field, seed)))
                .collect::<Map<_, _>>()
                .into()
        }
        other => other.clone(),
    }
}

fn with_unknown_fields(value: &Value, extra: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| with_unknown_fields(item, extra)).collect(),
        Value::Object(map) => {
            let mut fields: Map<String, Value> =
                map.iter().map(|(key, field)| (key.clone(), with_unknown_fields(field, extra))).collect();
            fields.insert("zz_field_of_next_year".to_owned(), extra.clone());
            fields.into()
        }
        other => other.clone(),
    }
}

fn in_range(read: &Normalised) -> Result<(), TestCaseError> {
    let AnalysisRecord { compliance, appointment, .. } = &read.record;
    let record = &read.record;
    let bant = record.bant.unwrap_or_default();
    let fractions = [
        record.sentiment_score,
        record.overall_score,
        record.confidence_score,
        record.rep_name_confidence,
        bant.budget,
        bant.authority,
        bant.need,
        bant.timeline,
        appointment.time_confidence,
        record.address.as_ref().and_then(|address| address.confidence),
        record.risk.as_ref().and_then(|risk| risk.score),
        read.transcript.as_ref().and_then(|transcript| transcript.confidence),
    ]
    .into_iter()
    .chain(record.pending_actions.iter().map(|action| action.confidence))
    .chain(record.objections.iter().map(|objection| objection.confidence))
    .chain(record.upgrade_opportunities.iter().map(|upgrade| upgrade.confidence));
    for fraction in fractions.flatten() {
        prop_assert!((0.0..=1.0).contains(&fraction) && fraction.is_sign_positive(), "{fraction}");
    }
    for score in compliance.score.into_iter().chain(compliance.stages.iter().filter_map(|stage| stage.score))
    {
        prop_assert!((0.0..=10.0).contains(&score) && score.is_sign_positive(), "{score}");
    }
    let segments = read.transcript.iter().flat_map(|transcript| &transcript.segments);
    let positions = (record.objections.iter().map(|objection| objection.at_seconds))
        .chain(record.missed_opportunities.iter().map(|missed| missed.at_seconds))
        .chain(segments.flat_map(|segment| [segment.start, segment.end]));
    for seconds in positions.flatten() {
        prop_assert!((0.0..=86_400.0).contains(&seconds), "{seconds}");
    }
    let words = read.transcript.as_ref().and_then(|transcript| transcript.word_count);
    for count in
        [compliance.stages_followed_count, compliance.stages_missed_count, words].into_iter().flatten()
    {
        prop_assert!(count >= 0, "{count}");
    }
    Ok(())
}

/// No text is blank, untrimmed or holds NUL, wherever it stands.
fn clean(value: &Value) -> Result<(), TestCaseError> {
    match value {
        Value::String(text) => {
            prop_assert!(!text.is_empty() && text == text.trim() && !text.contains('\0'), "{text:?}");
        }
        Value::Array(items) => items.iter().try_for_each(clean)?,
        Value::Object(map) => map.values().try_for_each(clean)?,
        _ => {}
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_payload_gives_a_record_in_range_and_always_the_same(payload in payload()) {
        let read = normalise(&payload);
        prop_assert_eq!(&normalise(&payload), &read);
        prop_assert_eq!(normalise_transcript(&payload), normalise_transcript(&payload));
        in_range(&read)?;
        clean(&serde_json::to_value(&read.record).unwrap())?;
        clean(&serde_json::to_value(&read.transcript).unwrap())?;
        for note in &read.unknown {
            prop_assert!(note.value.chars().count() <= 200 && !note.value.contains('\0') && !note.field.is_empty());
        }
    }

    #[test]
    fn the_order_of_keys_means_nothing(payload in payload(), seed in any::<u64>()) {
        prop_assert_eq!(normalise(&permuted(&payload, seed)), normalise(&payload));
    }

    #[test]
    fn an_envelope_means_nothing(
        payload in object(),
        outer in select(&["result", "data", "analyses", "analysis"][..]),
        inner in select(&["", "result", "data", "analyses", "analysis"][..]),
    ) {
        let mut wrapped = payload.clone();
        if !inner.is_empty() {
            wrapped = json!({ "success": true, "call_id": 7, "company_id": "org_1", inner: wrapped });
        }
        let wrapped = json!({
            "event_type": "call.analysis.complete", "task_id": "call_7_org_1_analysis", "shunya_job_id": "j",
            "call_id": 7, "company_id": "org_1", "timestamp": "2025-12-18T20:06:31Z", "status": "completed",
            outer: wrapped, "error": null});
        prop_assert_eq!(normalise(&wrapped), normalise(&payload));
        prop_assert_eq!(normalise_transcript(&wrapped), normalise_transcript(&payload));
    }

    #[test]
    fn unknown_fields_mean_nothing(payload in payload(), extra in nonsense()) {
        let plain = normalise(&payload);
        let more = normalise(&with_unknown_fields(&payload, &extra));
        prop_assert_eq!(&more.record, &plain.record);
        prop_assert_eq!(&more.transcript, &plain.transcript);
        // an object that should have been something else is noted as it is, so only its place stays the same
        let fields = |read: &Normalised| read.unknown.iter().map(|note| note.field.clone()).collect::<BTreeSet<_>>();
        prop_assert_eq!(fields(&more), fields(&plain));
    }

    #[test]
    fn a_record_survives_being_written_down(payload in payload()) {
        let read = normalise(&payload);
        let text = serde_json::to_string(&read.record).unwrap();
        prop_assert_eq!(&serde_json::from_str::<AnalysisRecord>(&text).unwrap(), &read.record);
        let value = serde_json::to_value(&read.record).unwrap();
        prop_assert_eq!(&serde_json::from_value::<AnalysisRecord>(value).unwrap(), &read.record);
        let text = serde_json::to_string(&read.transcript).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Option<shunya_jobs::Transcript>>(&text).unwrap(), &read.transcript);
    }

    #[test]
    fn words_we_do_not_know_give_no_verdict_and_are_kept(
        word in "[zZ]{2}[a-zA-Z0-9 _-]{0,300}[a-z]",
        (path, field) in select(enumerations()),
    ) {
        // beside whatever else an entry of a list needs to stay
        let payload = match path.strip_suffix("[]") {
            None => at(path, json!(word)),
            Some(list) => {
                let name = field.rsplit('.').next().unwrap();
                at(list, json!([{ "text": "t", "stage": "t", name: word }]))
            }
        };
        let read = normalise(&payload);
        let kept: String = word.chars().take(200).collect();
        prop_assert!(
            read.unknown.iter().any(|note| note.field == field && note.value == kept),
            "{} is not in {:?}", field, read.unknown,
        );
        // no text of ours is left but the words themselves and what stood beside them; `custom` is the contract's
        // word for a type of action we do not know
        let mut record = read.record;
        prop_assert!(record.compliance.stages.iter().all(|stage| stage.followed.is_none()));
        for action in &mut record.pending_actions {
            prop_assert!(action.action_type.take().is_none_or(|kind| kind == "custom"));
        }
        let text = serde_json::to_value(&record).unwrap();
        for place in pointers(&text) {
            if let Some(Value::String(found)) = text.pointer(&place) {
                prop_assert!(found == "t" || *found == word, "{place}: {found}");
            }
        }
    }
}

/// Every open enumeration: where a word stands, and where it is noted.
fn enumerations() -> Vec<(&'static str, &'static str)> {
    vec![
        ("qualification.qualification_status", "qualification.qualification_status"),
        ("qualification_status", "qualification_status"),
        ("qualification.booking_status", "qualification.booking_status"),
        ("booking_status", "booking_status"),
        ("compliance.layer_2.booking_status", "compliance.layer_2.booking_status"),
        ("qualification.call_outcome_category", "qualification.call_outcome_category"),
        ("call_outcome_category", "call_outcome_category"),
        ("compliance.layer_2.call_outcome", "compliance.layer_2.call_outcome"),
        ("compliance.final_outcome", "compliance.final_outcome"),
        ("compliance.final_decision", "compliance.final_decision"),
        ("qualification.appointment_type", "qualification.appointment_type"),
        ("qualification.appointment_intent", "qualification.appointment_intent"),
        ("qualification.preferred_time_window", "qualification.preferred_time_window"),
        ("opportunity_analysis.risk_assessment.level", "opportunity_analysis.risk_assessment.level"),
        ("compliance.layer_1.stages_completed[]", "compliance.layer_1.stages_completed[].status"),
        ("compliance.stages_followed[]", "compliance.stages_followed[].status"),
        ("compliance.stages_missed[]", "compliance.stages_missed[].status"),
        ("objections.objections[]", "objections.objections[].severity"),
        ("objections[]", "objections[].severity"),
        ("summary.pending_actions[]", "summary.pending_actions[].type"),
        ("pending_actions[]", "pending_actions[].action_type"),
        ("pending_actions[]", "pending_actions[].contact_method"),
        ("pending_actions[]", "pending_actions[].priority"),
        ("pending_actions[]", "pending_actions[].assignee"),
        ("missed_opportunities[]", "missed_opportunities[].severity"),
        ("missed_opportunities[]", "missed_opportunities[].missed_opportunity_type"),
        ("opportunity_analysis.missed_opportunities[]", "opportunity_analysis.missed_opportunities[].type"),
    ]
}

#[test]
fn depth_and_size_are_no_danger() {
    let mut deep = json!("x");
    for _ in 0..2_000 {
        deep = Value::Object(Map::from_iter([("data".to_owned(), deep)]));
    }
    assert_eq!(normalise(&deep).record, AnalysisRecord::default());
    let mut deep = json!(1);
    for _ in 0..2_000 {
        deep = Value::Array(vec![deep]);
    }
    for section in ["summary", "objections", "compliance", "pending_actions", "transcript", "qualification"] {
        let payload = at(section, deep.clone());
        assert_eq!(normalise(&payload).record, AnalysisRecord::default());
    }
    let wide: Value = (0..50_000).map(|n| json!({ "severity": format!("s{n}") })).collect();
    let read = normalise(&at("objections.objections", wide));
    assert_eq!(read.record.objections, vec![]);
    assert!(read.unknown.len() <= 501);
}
