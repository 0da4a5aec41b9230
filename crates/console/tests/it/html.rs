//! A small reader of HTML: enough to tell whether a page is well formed and keeps to the console's own rules.

use std::collections::HashSet;

const VOID: [&str; 5] = ["meta", "link", "input", "br", "img"];

/// A tag as it stands on the page.
pub struct Tag<'a> {
    pub name: &'a str,
    pub attributes: Vec<(&'a str, &'a str)>,
    closes: bool,
}

impl<'a> Tag<'a> {
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }
}

fn read_tag(text: &str) -> Tag<'_> {
    let (closes, text) = match text.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let end = text.find(' ').unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "a tag's name: {text:?}");
    let mut attributes = Vec::new();
    while let Some(next) = rest.strip_prefix(' ') {
        let end = next.find(['=', ' ']).unwrap_or(next.len());
        let (name, after) = next.split_at(end);
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-';
        assert!(!name.is_empty() && name.chars().all(known), "an attribute's name: {text:?}");
        if let Some(value) = after.strip_prefix("=\"") {
            let (value, after) =
                value.split_once('"').unwrap_or_else(|| panic!("an open attribute: {text:?}"));
            attributes.push((name, value));
            rest = after;
        } else {
            assert!(!after.starts_with('='), "an attribute without quotes: {text:?}");
            attributes.push((name, ""));
            rest = after;
        }
    }
    assert!(rest.is_empty(), "something after the attributes: {text:?}");
    Tag { name, attributes, closes }
}

/// Where the tag that begins here ends: at the first `>` outside quotes.
fn tag_end(text: &str) -> usize {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at,
            '<' => panic!("a < within a tag: {}", text.get(..at.min(200)).unwrap_or(text)),
            _ => {}
        }
    }
    panic!("an open tag")
}

/// Reads a piece of a page; panics where it is not well formed. Answers its tags.
pub fn read(page: &str) -> Vec<Tag<'_>> {
    let mut rest = page.strip_prefix("<!DOCTYPE html>").unwrap_or(page);
    let (mut open, mut tags) = (Vec::new(), Vec::new());
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a > in a text: {text:?}");
        let (tag, after) = after.split_at(tag_end(after));
        let tag = read_tag(tag);
        rest = after.get(1..).unwrap_or_default();
        if tag.closes {
            assert_eq!(open.pop(), Some(tag.name), "closed out of turn, near {:?}", rest.get(..80));
        } else {
            if !VOID.contains(&tag.name) {
                open.push(tag.name);
            }
            tags.push(tag);
        }
    }
    assert!(!rest.contains('>'), "a > in a text: {rest:?}");
    assert!(open.is_empty(), "never closed: {open:?}");
    tags
}

/// Reads a whole page and holds it to the rules: nothing inline, nothing from elsewhere, labels, headings, ids.
pub fn check(page: &str) {
    assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"), "no document");
    let tags = read(page);
    let mut ids = HashSet::new();
    for tag in &tags {
        for (name, value) in &tag.attributes {
            assert!(!name.starts_with("on") && *name != "style", "inline {name} on {}", tag.name);
            if matches!(*name, "href" | "src" | "action") {
                let local = value.starts_with('/') || value.starts_with('#');
                assert!(local && !value.starts_with("//"), "{name} leads to {value}");
            }
        }
        if let Some(id) = tag.attribute("id") {
            assert!(ids.insert(id), "two elements with the id {id}");
        }
        if tag.name == "script" {
            assert!(tag.attribute("src").is_some(), "an inline script");
        }
        assert!(tag.name != "style", "an inline style");
    }
    for pointer in ["aria-labelledby", "aria-describedby"] {
        for id in tags.iter().filter_map(|tag| tag.attribute(pointer)) {
            assert!(ids.contains(id), "{pointer} points at {id}, which is not there");
        }
    }
    let count = |name: &str| tags.iter().filter(|tag| tag.name == name).count();
    assert_eq!(
        (count("h1"), count("title").min(1), count("main")),
        (1, 1, 1),
        "one heading, title and main part"
    );
}

#[test]
fn what_is_not_well_formed_is_found() {
    for wrong in ["<p>", "<p></b>", "<p a=b></p>", "<p a=\"></p>", "a > b", "<p <b></b></p>"] {
        assert!(std::panic::catch_unwind(|| read(wrong).len()).is_err(), "{wrong}");
    }
    assert_eq!(read("<p class=\"a > b\" hidden>x<input value=\"\"></p>").len(), 2);
}
