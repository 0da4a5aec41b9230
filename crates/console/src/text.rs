//! Values as people read them.

use app::reads::Viewer;
use chrono::Datelike;
use kernel::{Calendar, Timestamp, rfc3339};
use maud::{Markup, html};

/// Words that are written otherwise than in small letters.
const SPELLED: [(&str, &str); 6] =
    [("ai", "AI"), ("asr", "ASR"), ("callrail", "CallRail"), ("csr", "CSR"), ("sms", "SMS"), ("uwc", "UWC")];

/// A code as words within a sentence: `service_not_offered` is "service not offered".
pub(crate) fn plain(code: &str) -> String {
    let spelled = |word: &str| SPELLED.iter().find(|(code, _)| *code == word).map(|(_, spelled)| *spelled);
    let words: Vec<_> = code.split(['_', ' ']).map(|word| spelled(word).unwrap_or(word)).collect();
    words.join(" ")
}

/// A code as words by themselves: `service_not_offered` is "Service not offered".
pub(crate) fn words(code: &str) -> String {
    let plain = plain(code);
    let mut letters = plain.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// A North American number as it is written there; any other as it is.
pub(crate) fn phone(number: &str) -> String {
    let national = number
        .strip_prefix("+1")
        .filter(|rest| rest.len() == 10 && rest.bytes().all(|digit| digit.is_ascii_digit()));
    let parts = national.and_then(|rest| Some((rest.get(..3)?, rest.get(3..6)?, rest.get(6..)?)));
    match parts {
        Some((area, exchange, line)) => format!("({area}) {exchange}-{line}"),
        None => number.to_owned(),
    }
}

/// A length of time as a clock shows it: `4:32`, `1:02:03`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// Seconds into a call, of which the vendor sends fractions.
pub(crate) fn position(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float's cast saturates, and no call lasts that long"
    )]
    duration(seconds as i64)
}

/// A number with its thousands set apart.
pub(crate) fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "−" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A percentage with at most one decimal.
pub(crate) fn percent(value: f64) -> String {
    let text = format!("{value:.1}");
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A share from 0 to 1 as a percentage.
pub(crate) fn share(value: f64) -> String {
    percent(value * 100.0)
}

/// How long ago something was, in its largest unit.
pub(crate) fn age(since: Timestamp, now: Timestamp) -> String {
    let seconds = (now - since).num_seconds().max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The size of something in bytes.
pub(crate) fn bytes(size: usize) -> String {
    match size {
        0..1024 => format!("{size} B"),
        1024..1_048_576 => format!("{:.1} kB", size as f64 / 1024.0),
        _ => format!("{:.1} MB", size as f64 / 1_048_576.0),
    }
}

/// Cut to so many characters, with a sign that it was.
pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default().trim_end()),
        None => text.to_owned(),
    }
}

/// A person's id, shorter where it is the viewer's own.
pub(crate) fn person(id: &str, viewer: &Viewer) -> String {
    if id == viewer.user.as_str() { "you".to_owned() } else { id.to_owned() }
}

/// The clock on the company's wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    /// Where it hangs.
    pub(crate) calendar: Calendar,
    /// What it shows.
    pub(crate) now: Timestamp,
}

impl Wall {
    /// The time, with the day unless it is today. To the second on hovering.
    pub(crate) fn moment(&self, at: Timestamp) -> Markup {
        let local = self.calendar.local(at);
        let today = self.calendar.local(self.now);
        let format = match (local.date_naive() == today.date_naive(), local.year() == today.year()) {
            (true, _) => "%-I:%M\u{a0}%p",
            (false, true) => "%b\u{a0}%-d, %-I:%M\u{a0}%p",
            (false, false) => "%b\u{a0}%-d\u{a0}%Y, %-I:%M\u{a0}%p",
        };
        self.time(at, format)
    }

    /// The time to the second, with day and zone.
    pub(crate) fn exact(&self, at: Timestamp) -> Markup {
        self.time(at, "%b\u{a0}%-d, %-I:%M:%S\u{a0}%p\u{a0}%Z")
    }

    /// The time to the second.
    pub(crate) fn second(&self, at: Timestamp) -> Markup {
        self.time(at, "%-I:%M:%S\u{a0}%p")
    }

    fn time(&self, at: Timestamp, format: &str) -> Markup {
        let local = self.calendar.local(at);
        html! {
            time datetime=(rfc3339(at)) title=(local.format("%A, %B %-d %Y, %-I:%M:%S %p %Z")) {
                (local.format(format))
            }
        }
    }

    /// How long ago something was.
    pub(crate) fn age(&self, since: Timestamp) -> String {
        age(since, self.now)
    }

    /// The zone's name.
    pub(crate) fn zone(&self) -> &'static str {
        self.calendar.zone_name().unwrap_or("UTC")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn codes_become_words() {
        assert_eq!(words("service_not_offered"), "Service not offered");
        assert_eq!((words("ünder_way"), words("csr_call")), ("Ünder way".into(), "CSR call".into()));
        assert_eq!((plain("send_sms"), plain("csr")), ("send SMS".into(), "CSR".into()));
        assert_eq!(words(""), "");
    }

    #[test]
    fn numbers_are_written_as_where_they_ring() {
        assert_eq!(phone("+12148654559"), "(214) 865-4559");
        assert_eq!(phone("+442079460958"), "+442079460958");
        assert_eq!(phone("+1ä12345678"), "+1ä12345678");
    }

    #[test]
    fn amounts_are_short() {
        assert_eq!(
            (duration(272), duration(3723), duration(-5)),
            ("4:32".into(), "1:02:03".into(), "0:00".into())
        );
        assert_eq!((position(f64::NAN), position(61.9)), ("0:00".into(), "1:01".into()));
        assert_eq!(
            (count(0), count(999), count(-1_234_567)),
            ("0".into(), "999".into(), "−1,234,567".into())
        );
        assert_eq!((percent(100.0), share(0.333_33)), ("100 %".into(), "33.3 %".into()));
        assert_eq!((cut("añejo", 3), cut("abc", 3)), ("añe…".into(), "abc".into()));
        let now = at("2026-11-22T18:00:00Z");
        let ages =
            ["2026-11-22T17:59:15Z", "2026-11-22T17:00:01Z", "2026-11-21T12:00:00Z", "2026-11-12T18:00:00Z"];
        assert_eq!(ages.map(|since| age(at(since), now)), ["45 s", "59 min", "30 h", "10 d"]);
        assert_eq!(age(at("2026-11-22T19:00:00Z"), now), "0 s");
    }

    #[test]
    fn times_are_the_companys() {
        let calendar = Calendar::in_zone("America/Phoenix").unwrap();
        let wall = Wall { calendar, now: at("2026-11-22T18:00:00Z") };
        let shown = |text| wall.moment(at(text)).into_string();
        assert!(
            shown("2026-11-22T17:05:09Z").contains(">10:05\u{a0}AM<"),
            "{}",
            shown("2026-11-22T17:05:09Z")
        );
        assert!(shown("2026-11-22T17:05:09Z").contains("Sunday, November 22 2026, 10:05:09 AM MST"));
        assert!(shown("2026-11-22T06:59:00Z").contains(">Nov\u{a0}21, 11:59\u{a0}PM<"));
        assert!(shown("2025-11-22T06:59:00Z").contains(">Nov\u{a0}21\u{a0}2025, "));
    }
}
