//! JSON as people read it.
//!
//! Laid out again from its own characters rather than read and written anew: numbers keep every digit, and a key that
//! stands twice is seen twice, which is what somebody who looks at a webhook's bytes wants to know.

use maud::{Markup, PreEscaped, html};
use serde::de::IgnoredAny;

/// The text laid out, if it is JSON. One that is nested too deep to be read is not, which also bounds the indentation.
pub(crate) fn laid_out(text: &str) -> Option<Markup> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut layout = Layout::default();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            other if other.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            _ => rest.find(|c: char| c.is_whitespace() || ",]}:".contains(c)).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at_checked(length)?;
        layout.take(token, after.trim_start());
        rest = after;
    }
    Some(PreEscaped(layout.text))
}

/// How long the string is that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Layout {
    text: String,
    depth: usize,
}

impl Layout {
    fn line(&mut self) {
        self.text.push('\n');
        self.text.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn take(&mut self, token: &str, after: &str) {
        match token {
            "{" | "[" => {
                self.text.push_str(token);
                self.depth += 1;
                if !after.starts_with(['}', ']']) {
                    self.line();
                }
            }
            "}" | "]" => {
                self.depth = self.depth.saturating_sub(1);
                if !self.text.ends_with(['{', '[']) {
                    self.line();
                }
                self.text.push_str(token);
            }
            "," => {
                self.text.push(',');
                self.line();
            }
            ":" => self.text.push_str(": "),
            _ => {
                let class = match token.starts_with('"') {
                    true if after.starts_with(':') => "key",
                    true => "string",
                    false => "literal",
                };
                self.text.push_str(&html! { span.(class) { (token) } }.into_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut shown = laid_out(text).expect("JSON").into_string();
        for class in ["key", "string", "literal"] {
            shown = shown.replace(&format!("<span class=\"{class}\">"), "");
        }
        shown.replace("</span>", "").replace("&quot;", "\"")
    }

    #[test]
    fn every_digit_and_every_key_is_kept() {
        let text = r#" {"id":12345678901234567890123, "id" : 1.50, "none":{}, "list":[ ],"deep":[[1,"a\"b"],null]} "#;
        let expected = "{\n  \"id\": 12345678901234567890123,\n  \"id\": 1.50,\n  \"none\": {},\n  \"list\": [],\n  \
                        \"deep\": [\n    [\n      1,\n      \"a\\\"b\"\n    ],\n    null\n  ]\n}";
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn braces_and_markup_in_strings_are_text() {
        let text = r#"{"a{":"}],:<script>alert(\"x\")</script>"}"#;
        let shown = laid_out(text).unwrap().into_string();
        assert!(!shown.contains("<script"), "{shown}");
        assert!(shown.contains("<span class=\"key\">&quot;a{&quot;</span>: "), "{shown}");
    }

    #[test]
    fn what_is_not_json_is_not_laid_out() {
        for text in ["", "a=b", "{\"a\":}", "[1,2", &"[".repeat(400), "{} {}"] {
            assert!(laid_out(text).is_none(), "{text}");
        }
        assert_eq!(plain("true"), "true");
        assert_eq!(plain("[]"), "[]");
    }
}
