//! What an address asks for. The console is lenient: what it cannot read it leaves out, and says so on the page.

use std::{collections::HashMap, fmt::Write};

use actix_web::{HttpRequest, web::Query};
use maud::{Markup, html};

use crate::text::words;

/// The parameters of a page's address.
pub(crate) struct Ask {
    pairs: HashMap<String, String>,
    ignored: Vec<&'static str>,
}

impl Ask {
    /// Reads the query string. Blank values are as good as none.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let pairs = Query::<HashMap<String, String>>::from_query(request.query_string());
        let pairs = pairs.map(Query::into_inner).unwrap_or_default();
        let pairs = pairs.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        Self { pairs: pairs.filter(|(_, value)| !value.is_empty()).collect(), ignored: Vec::new() }
    }

    /// Something that can be read from text.
    pub(crate) fn read<T>(&mut self, name: &'static str, read: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let value = read(self.pairs.get(name)?);
        if value.is_none() {
            self.ignored.push(name);
        }
        value
    }

    /// One of these words.
    pub(crate) fn word(&mut self, name: &'static str, choices: &[&'static str]) -> Option<&'static str> {
        self.read(name, |text| choices.iter().find(|choice| **choice == text).copied())
    }

    /// What was left out.
    pub(crate) fn notice(&self) -> Markup {
        html! {
            @if !self.ignored.is_empty() {
                p.notice role="status" {
                    "Not understood, and left out: "
                    @for (at, name) in self.ignored.iter().enumerate() {
                        @if at > 0 { ", " }
                        (words(name))
                    }
                    "."
                }
            }
        }
    }
}

/// An address with parameters.
pub(crate) fn address(path: &str, pairs: &[(&str, Option<&str>)]) -> String {
    let mut address = path.to_owned();
    for (name, value) in pairs {
        let Some(value) = value else { continue };
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        for byte in value.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    address.push(char::from(byte));
                }
                // writing to a string cannot fail
                _ => drop(write!(address, "%{byte:02X}")),
            }
        }
    }
    address
}

/// A choice of words, with none of them first.
pub(crate) fn choice(name: &str, label: &str, choices: &[&str], chosen: Option<&str>) -> Markup {
    html! {
        label.field {
            span { (label) }
            select name=(name) {
                option value="" selected[chosen.is_none()] { "Any" }
                @for choice in choices {
                    option value=(choice) selected[chosen == Some(*choice)] { (words(choice)) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn what_cannot_be_read_is_left_out_and_said() {
        let request = TestRequest::with_uri("/console/calls?stage=recorded&status=nope&cursor=%zz&missed=")
            .to_http_request();
        let mut ask = Ask::of(&request);
        assert_eq!(ask.word("stage", &["recorded"]), Some("recorded"));
        assert_eq!(ask.word("status", &["missed"]), None);
        assert_eq!(ask.word("missed", &["true"]), None);
        assert_eq!(ask.read("cursor", |_| None::<()>), None);
        let notice = ask.notice().into_string();
        assert!(notice.contains("Status, Cursor."), "{notice}");
        assert!(!notice.contains("nope"));
    }

    #[test]
    fn addresses_are_encoded() {
        let pairs = [("phone", Some("+1 2&3=\"<é")), ("stage", None), ("cursor", Some("12_3"))];
        assert_eq!(
            address("/console/calls", &pairs),
            "/console/calls?phone=%2B1%202%263%3D%22%3C%C3%A9&cursor=12_3"
        );
    }
}
