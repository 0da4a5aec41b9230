//! Lenient readers: a value may be missing, blank, written as text, or of another type altogether.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::{leftovers::Leftovers, vocabulary::Said};

/// As many characters of a text as are kept.
pub(super) const MAX_TEXT: usize = 20_000;

/// As many entries of a list as are kept.
pub(super) const MAX_LIST: usize = 500;

/// The longest recording whose positions make sense; beyond it a number of seconds is something else.
const MAX_SECONDS: f64 = 86_400.0;

/// The largest whole number that means the same to every reader of JSON.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// Where an entry of a list of texts keeps its words when it is an object.
const WORDS: [&str; 9] =
    ["text", "description", "name", "title", "action", "issue", "recommendation", "suggestion", "signal"];

/// What a place holds.
pub(super) enum Read<T> {
    /// Nothing worth reading: null or blank. Another place may have it.
    Absent,
    /// A value.
    Is(T),
    /// A value that had to be shortened; noted.
    Cut(T),
    /// Something we cannot use; noted, and another place may have better.
    Wrong,
}

/// An entry of a list.
pub(super) enum Entry<'a> {
    Text(String),
    Object(Node<'a>),
}

/// Objects in which a path may lead to a value, the most trusted first.
pub(super) struct Node<'a> {
    maps: Vec<&'a Map<String, Value>>,
    prefix: String,
    left: &'a Leftovers,
}

impl<'a> Node<'a> {
    pub(super) fn new(maps: Vec<&'a Map<String, Value>>, prefix: String, left: &'a Leftovers) -> Self {
        Self { maps, prefix, left }
    }

    /// Each of the objects alone.
    pub(super) fn each(&self) -> impl Iterator<Item = Node<'a>> + '_ {
        self.maps.iter().map(|map| Node::new(vec![map], self.prefix.clone(), self.left))
    }

    pub(super) fn left(&self) -> &'a Leftovers {
        self.left
    }

    /// Every value that stands at a path, null included.
    pub(super) fn at<'s>(&'s self, path: &'s str) -> impl Iterator<Item = &'a Value> + 's {
        self.maps.iter().filter_map(move |map| walk(map, path))
    }

    /// The first usable value of several places.
    pub(super) fn first<T>(&self, paths: &[&str], read: impl Fn(&'a Value) -> Read<T>) -> Option<T> {
        for path in paths {
            for value in self.at(path) {
                match read(value) {
                    Read::Absent => {}
                    Read::Is(found) => return Some(found),
                    Read::Cut(found) => {
                        self.left.note(&self.name(path), value);
                        return Some(found);
                    }
                    Read::Wrong => self.left.note(&self.name(path), value),
                }
            }
        }
        None
    }

    /// Words.
    pub(super) fn text(&self, paths: &[&str]) -> Option<String> {
        self.first(paths, |value| text(value, MAX_TEXT))
    }

    /// Words, or a number standing for a name, such as a speaker's or a postal code.
    pub(super) fn label(&self, paths: &[&str]) -> Option<String> {
        self.first(paths, |value| match value {
            Value::Number(number) => Read::Is(number.to_string()),
            other => text(other, MAX_TEXT),
        })
    }

    /// A number, turned into our unit; `None` where it is outside its range.
    pub(super) fn number(&self, paths: &[&str], scale: impl Fn(f64) -> Option<f64>) -> Option<f64> {
        self.first(paths, |value| match number(value) {
            Read::Is(sent) => scale(sent).map_or(Read::Wrong, |ours| Read::Is(tidy(ours))),
            Read::Absent => Read::Absent,
            Read::Cut(_) | Read::Wrong => Read::Wrong,
        })
    }

    /// A number from 0 to 1.
    pub(super) fn fraction(&self, paths: &[&str]) -> Option<f64> {
        self.number(paths, |sent| within(sent, 0.0..=1.0))
    }

    /// A whole number, 0 or more.
    pub(super) fn count(&self, paths: &[&str]) -> Option<i64> {
        self.first(paths, |value| match whole(value) {
            Read::Is(..0) => Read::Wrong,
            other => other,
        })
    }

    /// Any whole number.
    pub(super) fn whole(&self, paths: &[&str]) -> Option<i64> {
        self.first(paths, whole)
    }

    /// A position in the recording: seconds, or `mm:ss`, or `hh:mm:ss`.
    pub(super) fn seconds(&self, paths: &[&str]) -> Option<f64> {
        self.first(paths, |value| {
            let sent = match (number(value), value) {
                (Read::Wrong, Value::String(said)) => clock_seconds(said),
                (Read::Is(sent), _) => Some(sent),
                (Read::Absent, _) => return Read::Absent,
                _ => None,
            };
            sent.and_then(|sent| within(sent, 0.0..=MAX_SECONDS))
                .map_or(Read::Wrong, |seconds| Read::Is(tidy(seconds)))
        })
    }

    /// Yes or no.
    pub(super) fn flag(&self, paths: &[&str]) -> Option<bool> {
        self.first(paths, flag)
    }

    /// A word of an open enumeration, as sent and as understood. The first place that says anything decides: a word
    /// we do not know is still the vendor's word, and no other place may overrule it.
    pub(super) fn said<T>(
        &self,
        paths: &[&str],
        understand: impl Fn(&str) -> Said<T>,
    ) -> Option<(String, Option<T>)> {
        self.first(paths, |value| match text(value, MAX_TEXT) {
            Read::Is(sent) | Read::Cut(sent) => match understand(&sent) {
                Said::Known(verdict) => Read::Is((sent, Some(verdict))),
                Said::NoVerdict => Read::Is((sent, None)),
                Said::Unknown => Read::Cut((sent, None)),
            },
            Read::Absent => Read::Absent,
            Read::Wrong => Read::Wrong,
        })
    }

    /// A word of an open enumeration, as understood.
    pub(super) fn word<T>(&self, paths: &[&str], understand: impl Fn(&str) -> Said<T>) -> Option<T> {
        self.said(paths, understand)?.1
    }

    /// A list of texts; entries may be objects around a text.
    pub(super) fn texts(&self, paths: &[&str]) -> Vec<String> {
        self.entries(
            paths,
            MAX_LIST,
            |_| false,
            |entry| match entry {
                Entry::Text(text) => Some(text),
                Entry::Object(object) => object.text(&WORDS),
            },
        )
    }

    /// Several lists as one, each entry once.
    pub(super) fn merged(&self, name: &str, lists: &[&[&str]]) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for paths in lists {
            for text in self.texts(paths) {
                if !all.contains(&text) {
                    all.push(text);
                }
            }
        }
        self.shorten(name, all.len(), MAX_LIST);
        all.truncate(MAX_LIST);
        all
    }

    /// The first list with a usable entry. A text alone is taken for a list of one. `skip` names values that are
    /// right where they stand but are no list, such as a count. Entries of which `read` can make nothing are noted.
    pub(super) fn entries<T>(
        &self,
        paths: &[&str],
        limit: usize,
        skip: impl Fn(&Value) -> bool,
        read: impl Fn(Entry<'a>) -> Option<T>,
    ) -> Vec<T> {
        let lists = |value: &'a Value| match value {
            Value::Null => Read::Absent,
            unlisted if skip(unlisted) => Read::Absent,
            Value::Array(items) => Read::Is(items.as_slice()),
            Value::String(said) if said.trim().is_empty() => Read::Absent,
            Value::String(_) => Read::Is(std::slice::from_ref(value)),
            _ => Read::Wrong,
        };
        for path in paths {
            for value in self.at(path) {
                let place = format!("{}[]", self.name(path));
                let items = match lists(value) {
                    Read::Is(items) | Read::Cut(items) => items,
                    Read::Absent => continue,
                    Read::Wrong => {
                        self.left.note(&self.name(path), value);
                        continue;
                    }
                };
                self.shorten(path, items.len(), limit);
                let mut found = Vec::new();
                for item in items.iter().take(limit) {
                    let entry = match item {
                        Value::Null => continue,
                        Value::Object(map) => Entry::Object(Node::new(vec![map], place.clone(), self.left)),
                        other => match text(other, MAX_TEXT) {
                            Read::Absent => continue,
                            Read::Is(text) => Entry::Text(text),
                            Read::Cut(text) => {
                                self.left.note(&place, other);
                                Entry::Text(text)
                            }
                            Read::Wrong => {
                                self.left.note(&place, other);
                                continue;
                            }
                        },
                    };
                    match read(entry) {
                        Some(entry) => found.push(entry),
                        None => self.left.note(&place, item),
                    }
                }
                if !found.is_empty() {
                    return found;
                }
            }
        }
        Vec::new()
    }

    /// Notes that a list is about to be cut.
    pub(super) fn shorten(&self, path: &str, sent: usize, limit: usize) {
        if sent > limit {
            self.left.say(&self.name(path), &format!("{sent} entries, the first {limit} kept"));
        }
    }

    fn name(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}.{path}", self.prefix) }
    }
}

fn walk<'a>(map: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    match path.split_once('.') {
        None => map.get(path),
        Some((key, rest)) => walk(map.get(key)?.as_object()?, rest),
    }
}

/// A number inside a range, else nothing.
pub(super) fn within(sent: f64, range: RangeInclusive<f64>) -> Option<f64> {
    range.contains(&sent).then_some(sent)
}

/// Six decimals, and no negative zero: `0.57 * 10` and `57 / 10` are the same fact, and a number this short survives
/// every way of writing it down.
pub(super) fn tidy(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}

/// Words: without NUL, which PostgreSQL cannot store, and trimmed.
pub(super) fn text(value: &Value, max: usize) -> Read<String> {
    let said = match value {
        Value::Null => return Read::Absent,
        Value::String(said) => said,
        _ => return Read::Wrong,
    };
    let clean = said.replace('\0', "");
    let trimmed = clean.trim();
    match trimmed.char_indices().nth(max) {
        _ if trimmed.is_empty() => Read::Absent,
        None => Read::Is(trimmed.to_owned()),
        Some((end, _)) => Read::Cut(trimmed.get(..end).unwrap_or_default().trim_end().to_owned()),
    }
}

/// A finite number, as such or as text.
pub(super) fn number(value: &Value) -> Read<f64> {
    let sent = match value {
        Value::Null => return Read::Absent,
        Value::Number(number) => number.as_f64(),
        Value::String(said) if said.trim().is_empty() => return Read::Absent,
        Value::String(said) => said.trim().parse().ok(),
        _ => None,
    };
    sent.filter(|sent| sent.is_finite()).map_or(Read::Wrong, Read::Is)
}

/// A whole number, as such, as text, or written with decimals that are zero.
pub(super) fn whole(value: &Value) -> Read<i64> {
    let exact = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(said) => said.trim().parse().ok(),
        _ => None,
    };
    if let Some(exact) = exact {
        return Read::Is(exact);
    }
    match number(value) {
        Read::Is(sent) if sent.fract() == 0.0 && sent.abs() < MAX_WHOLE => {
            #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as just checked")]
            let whole = sent as i64;
            Read::Is(whole)
        }
        Read::Absent => Read::Absent,
        _ => Read::Wrong,
    }
}

fn flag(value: &Value) -> Read<bool> {
    match value {
        Value::Null => Read::Absent,
        Value::Bool(flag) => Read::Is(*flag),
        Value::Number(number) if number.as_f64() == Some(1.0) => Read::Is(true),
        Value::Number(number) if number.as_f64() == Some(0.0) => Read::Is(false),
        Value::String(said) => match said.trim().to_ascii_lowercase().as_str() {
            "" => Read::Absent,
            "true" | "yes" | "y" | "1" => Read::Is(true),
            "false" | "no" | "n" | "0" => Read::Is(false),
            _ => Read::Wrong,
        },
        _ => Read::Wrong,
    }
}

/// `mm:ss` or `hh:mm:ss`, fractions of the last part allowed; minutes may exceed 59 where no hours are given.
fn clock_seconds(said: &str) -> Option<f64> {
    let mut parts = said.trim().split(':');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (hours, minutes, seconds) = third.map_or(("0", first, second), |third| (first, second, third));
    let digits = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        part.parse::<f64>().ok().filter(|_| plain)
    };
    let (hours, minutes, seconds) = (digits(hours)?, digits(minutes)?, digits(seconds)?);
    let tidy = seconds < 60.0 && hours.fract() == 0.0 && minutes.fract() == 0.0;
    (tidy && (third.is_none() || minutes < 60.0)).then_some(hours * 3_600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests;
