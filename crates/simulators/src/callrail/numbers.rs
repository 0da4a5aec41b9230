//! Numbers and ids that look like CallRail's and the telephone network's, and belong to nobody.

use crate::{corpus::Conversation, draw::Draw};

/// An area code or two of each state. With 555-0100 to 0199, which are never given to anybody.
const AREAS: [(&str, [&str; 2]); 50] = [
    ("AL", ["205", "251"]),
    ("AK", ["907", "907"]),
    ("AZ", ["480", "602"]),
    ("AR", ["501", "479"]),
    ("CA", ["559", "916"]),
    ("CO", ["303", "719"]),
    ("CT", ["203", "860"]),
    ("DE", ["302", "302"]),
    ("FL", ["407", "813"]),
    ("GA", ["404", "912"]),
    ("HI", ["808", "808"]),
    ("ID", ["208", "986"]),
    ("IL", ["312", "217"]),
    ("IN", ["317", "260"]),
    ("IA", ["515", "319"]),
    ("KS", ["316", "913"]),
    ("KY", ["502", "859"]),
    ("LA", ["504", "225"]),
    ("ME", ["207", "207"]),
    ("MD", ["410", "301"]),
    ("MA", ["617", "508"]),
    ("MI", ["313", "616"]),
    ("MN", ["612", "651"]),
    ("MS", ["601", "228"]),
    ("MO", ["314", "816"]),
    ("MT", ["406", "406"]),
    ("NE", ["402", "308"]),
    ("NV", ["702", "775"]),
    ("NH", ["603", "603"]),
    ("NJ", ["201", "732"]),
    ("NM", ["505", "575"]),
    ("NY", ["716", "518"]),
    ("NC", ["704", "919"]),
    ("ND", ["701", "701"]),
    ("OH", ["216", "614"]),
    ("OK", ["405", "918"]),
    ("OR", ["503", "541"]),
    ("PA", ["215", "412"]),
    ("RI", ["401", "401"]),
    ("SC", ["803", "843"]),
    ("SD", ["605", "605"]),
    ("TN", ["615", "901"]),
    ("TX", ["214", "512"]),
    ("UT", ["801", "435"]),
    ("VT", ["802", "802"]),
    ("VA", ["804", "757"]),
    ("WA", ["206", "509"]),
    ("WV", ["304", "681"]),
    ("WI", ["414", "608"]),
    ("WY", ["307", "307"]),
];

/// The number of call number `index`'s customer, of the state the conversation is set in. Customers of one state share
/// 200 numbers at most, so some of them call again.
pub(super) fn customer_phone(seed: u64, index: u64, talk: &Conversation) -> String {
    let mut draw = Draw::new(seed, &["customer", &index.to_string()]);
    let areas = AREAS
        .iter()
        .find(|(state, _)| *state == talk.caller.state)
        .map_or(&["303", "719"], |(_, areas)| areas);
    let area = draw.pick(areas).copied().unwrap_or("303");
    format!("+1{area}555{:04}", 100 + draw.below(100))
}

/// CallRail's id of a call: `CAL` and 32 hexadecimal digits.
pub(super) fn call_id(seed: u64, index: u64) -> String {
    format!("CAL019a{}", Draw::new(seed, &["call", &index.to_string()]).hex(28))
}

/// CallRail's older, numeric id of a call.
pub(super) fn legacy_call_id(seed: u64, index: u64) -> u64 {
    // one block of a million for each seed, so that two runs on one database do not meet
    let block = Draw::new(seed, &["legacy"]).below(8_000);
    1_000_000_000 + block * 1_000_000 + index
}

/// An id of something else: its prefix, and 32 digits that follow from what it stands for.
pub(super) fn resource_id(prefix: &str, about: &[&str]) -> String {
    format!("{prefix}{}", Draw::new(0, about).hex(32))
}

/// A numeric id of something else.
pub(super) fn numeric_id(about: &[&str]) -> u64 {
    100_000_000 + Draw::new(1, about).below(800_000_000)
}

/// As people write it: `214-865-4559`.
pub(super) fn national(number: &str) -> String {
    let digits = number.strip_prefix("+1").unwrap_or(number);
    match (digits.get(..3), digits.get(3..6), digits.get(6..)) {
        (Some(area), Some(office), Some(line)) => format!("{area}-{office}-{line}"),
        _ => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::corpus;

    #[test]
    fn customers_are_many_and_some_call_twice() {
        let talks = corpus::all();
        let numbers: Vec<_> = (0..400)
            .map(|index| customer_phone(3, index, &talks[usize::try_from(index).unwrap() % 40]))
            .collect();
        for number in &numbers {
            kernel::PhoneNumber::parse(number).unwrap();
            assert!(number[5..].starts_with("55501"), "{number}");
        }
        let areas: BTreeSet<_> = numbers.iter().map(|number| number[2..5].to_owned()).collect();
        assert!(areas.len() >= 20, "{areas:?}");
        let different: BTreeSet<_> = numbers.iter().collect();
        assert!((300..400).contains(&different.len()), "{}", different.len());
        assert_eq!(customer_phone(3, 9, &talks[9]), numbers[9]);
    }

    #[test]
    fn every_conversation_is_set_in_a_state_with_area_codes() {
        for talk in corpus::all() {
            assert!(AREAS.iter().any(|(state, _)| *state == talk.caller.state), "{}", talk.caller.state);
        }
    }

    #[test]
    fn ids_follow_from_seed_and_index() {
        let ids: BTreeSet<_> = (0..1_000).map(|index| call_id(3, index)).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.len() == 35));
        assert_eq!(call_id(3, 5), call_id(3, 5));
        assert_ne!(legacy_call_id(3, 5), legacy_call_id(3, 6));
        assert_eq!(national("+12148654559"), "214-865-4559");
    }
}
