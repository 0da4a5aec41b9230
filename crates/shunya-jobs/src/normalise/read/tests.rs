use serde_json::json;

use super::*;
use crate::record::UnknownValue;

/// Reads one value standing at `f`, and says what was noted.
fn read<T>(value: &Value, with: impl Fn(&Node<'_>) -> T) -> (T, Vec<UnknownValue>) {
    let payload = json!({ "f": value });
    let left = Leftovers::default();
    let found = with(&Node::new(vec![payload.as_object().unwrap()], String::new(), &left));
    (found, left.into_list())
}

#[test]
fn numbers_may_be_texts() {
    for (value, fraction) in [
        (json!(0), Some(0.0)),
        (json!(-0.0), Some(0.0)),
        (json!(0.25), Some(0.25)),
        (json!(" 0.25 "), Some(0.25)),
        (json!("1e-1"), Some(0.1)),
        (json!(1), Some(1.0)),
        (json!(0.1 + 0.2), Some(0.3)),
    ] {
        assert_eq!(read(&value, |node| node.fraction(&["f"])), (fraction, vec![]), "{value}");
    }
    let zero = read(&json!(-0.0), |node| node.fraction(&["f"])).0;
    assert!(zero.is_some_and(f64::is_sign_positive));
    for value in [json!(null), json!(""), json!("  ")] {
        assert_eq!(read(&value, |node| node.fraction(&["f"])), (None, vec![]), "{value}");
    }
    for value in [
        json!(1.000_000_1),
        json!(-0.1),
        json!(u64::MAX),
        json!(1e308),
        json!("inf"),
        json!("NaN"),
        json!("high"),
        json!(true),
        json!([0.5]),
        json!({"value": 0.5}),
    ] {
        let (found, noted) = read(&value, |node| node.fraction(&["f"]));
        assert_eq!((found, noted.len()), (None, 1), "{value}");
    }
}

#[test]
fn yes_and_no_may_be_texts_or_numbers() {
    for (value, flag) in [
        (json!(true), true),
        (json!("TRUE"), true),
        (json!(" yes "), true),
        (json!(1), true),
        (json!("1"), true),
        (json!(false), false),
        (json!("False"), false),
        (json!("no"), false),
        (json!(0), false),
    ] {
        assert_eq!(read(&value, |node| node.flag(&["f"])), (Some(flag), vec![]), "{value}");
    }
    for value in [json!("maybe"), json!(2), json!([true])] {
        let (found, noted) = read(&value, |node| node.flag(&["f"]));
        assert_eq!((found, noted.len()), (None, 1), "{value}");
    }
}

#[test]
fn whole_numbers_stay_whole() {
    for (value, whole) in
        [(json!(7), 7), (json!(7.0), 7), (json!("7"), 7), (json!("7.0"), 7), (json!(i64::MAX), i64::MAX)]
    {
        assert_eq!(read(&value, |node| node.count(&["f"])), (Some(whole), vec![]), "{value}");
    }
    for value in [json!(7.5), json!(-7), json!(u64::MAX), json!(1e300), json!("seven"), json!([7])] {
        let (found, noted) = read(&value, |node| node.count(&["f"]));
        assert_eq!((found, noted.len()), (None, 1), "{value}");
    }
    assert_eq!(read(&json!(-7), |node| node.whole(&["f"])).0, Some(-7));
}

#[test]
fn positions_may_be_clock_times() {
    for (value, seconds) in [
        (json!(123.4), 123.4),
        (json!("123.4"), 123.4),
        (json!("02:03"), 123.0),
        (json!("2:03.5"), 123.5),
        (json!("75:30"), 4_530.0),
        (json!("1:02:03"), 3_723.0),
        (json!(0), 0.0),
    ] {
        assert_eq!(read(&value, |node| node.seconds(&["f"])), (Some(seconds), vec![]), "{value}");
    }
    for value in [
        json!(-1),
        json!(86_401),
        json!("1:60"),
        json!("1:75:00"),
        json!("1:2:3:4"),
        json!("-1:30"),
        json!("a:b"),
        json!(":"),
        json!("1.5:30"),
        json!("1e9:00"),
    ] {
        let (found, noted) = read(&value, |node| node.seconds(&["f"]));
        assert_eq!((found, noted.len()), (None, 1), "{value}");
    }
}

#[test]
fn texts_are_clean_and_of_bounded_length() {
    assert_eq!(read(&json!("\0 a\0b \n"), |node| node.text(&["f"])), (Some("ab".to_owned()), vec![]));
    assert_eq!(read(&json!(" \0 "), |node| node.text(&["f"])), (None, vec![]));
    let long = json!("ö".repeat(MAX_TEXT + 1));
    let (found, noted) = read(&long, |node| node.text(&["f"]));
    assert_eq!(found.unwrap().chars().count(), MAX_TEXT);
    assert_eq!(noted[0].field, "f");
    let exact = json!("ö".repeat(MAX_TEXT));
    assert_eq!(read(&exact, |node| node.text(&["f"])).1, vec![]);
}

#[test]
fn lists_take_what_they_can_and_note_the_rest() {
    let value = json!(["a", null, "", 7, {"text": "b"}, {"nothing": "here"}, ["c"]]);
    let (found, noted) = read(&value, |node| node.texts(&["f"]));
    assert_eq!(found, ["a", "b"]);
    let noted: Vec<_> = noted.iter().map(|note| (note.field.as_str(), note.value.as_str())).collect();
    assert_eq!(noted, [("f[]", "7"), ("f[]", r#"{"nothing":"here"}"#), ("f[]", r#"["c"]"#)]);
    assert_eq!(read(&json!("alone"), |node| node.texts(&["f"])).0, ["alone"]);
    assert_eq!(read(&json!([]), |node| node.texts(&["f"])), (vec![], vec![]));
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let value: Value = (0..600).map(|n| n.to_string()).collect();
    let (found, noted) = read(&value, |node| node.texts(&["f"]));
    assert_eq!(found.len(), MAX_LIST);
    assert_eq!(noted[0].value, "600 entries, the first 500 kept");
}

#[test]
fn merged_lists_hold_each_entry_once() {
    let payload = json!({"a": ["x", "y"], "b": ["y", "z"]});
    let left = Leftovers::default();
    let node = Node::new(vec![payload.as_object().unwrap()], String::new(), &left);
    assert_eq!(node.merged("m", &[&["a"], &["b"]]), ["x", "y", "z"]);
}

#[test]
fn the_first_usable_place_wins_but_the_first_word_decides() {
    let payload = json!({"a": {"n": "x"}, "b": {"n": 0.5}, "w": "strange", "v": "high"});
    let left = Leftovers::default();
    let node = Node::new(vec![payload.as_object().unwrap()], String::new(), &left);
    assert_eq!(node.fraction(&["missing", "a.n", "a.n.deeper", "b.n"]), Some(0.5));
    assert_eq!(node.word(&["w", "v"], super::super::vocabulary::severity), None);
    let noted: Vec<_> = left.into_list().into_iter().map(|note| note.field).collect();
    assert_eq!(noted, ["a.n", "w"]);
}
