//! What people type into a search box, as patterns for `LIKE`.

use crate::schema::contact_cards;

// the customers searched: under another name, because the rows of a list carry their customer already
diesel::alias!(
    pub(super) const SEARCHED: Alias<Searched> = contact_cards as searched;
);

/// Name, number, email and address as one lower-case text, so that one comparison searches all of them. A search cannot
/// hold a line break, so none can match across two of them.
pub(super) const HAYSTACK: &str = "lower(coalesce(searched.first_name, '') || ' ' \
     || coalesce(searched.last_name, '') || '\n' || searched.primary_phone || '\n' \
     || coalesce(searched.secondary_phone, '') || '\n' || coalesce(searched.email, '') || '\n' \
     || coalesce(searched.address, '') || '\n' || coalesce(searched.city, '') || '\n' \
     || coalesce(searched.postal_code, ''))";

/// Numbers alone, for a search that is one.
pub(super) const PHONES: &str = "(searched.primary_phone || '\n' || coalesce(searched.secondary_phone, ''))";

/// A search, by what it takes to find it whatever the case.
///
/// `lower()` of SQLite, and of a PostgreSQL database whose locale is `C`, knows the 26 ASCII letters only. Other letters
/// are therefore looked for as typed, all small, all capital, and with every word's first letter capital: what people and
/// providers write. `ÖZtürk` is not found by `öztürk` there; everything else is, on both.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    /// A number: as typed, or its digits among a number's digits.
    Number {
        /// The text as typed.
        text: String,
        /// Its digits.
        digits: String,
    },
    /// ASCII only: one pattern does.
    Plain(String),
    /// With other letters: as typed, small, capital, and capitalised.
    Folded([String; 4]),
}

/// What comes after this many characters is not looked for: nobody's name is longer.
const LONGEST: usize = 500;

/// A pattern that finds the text anywhere, taking nothing in it for a wildcard. To be used with `ESCAPE '\'`.
fn anywhere(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// What people write between the digits of a number.
fn separates_digits(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '+' | '\u{a0}' | '\u{2011}' | '\u{2013}')
}

fn capitalised(text: &str) -> String {
    let mut inside_word = false;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // lower() takes care of the ASCII letters
        if c.is_ascii() || inside_word {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        inside_word = c.is_alphanumeric();
    }
    out
}

impl Search {
    /// Reads a search; `None` for a blank one, which asks for nothing in particular.
    pub(super) fn parse(text: &str) -> Option<Self> {
        // PostgreSQL takes no NUL in a text, and SQLite no endless pattern
        let words: String =
            text.trim().chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let text = words.trim();
        if text.is_empty() {
            return None;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if !digits.is_empty() && text.chars().all(|c| c.is_ascii_digit() || separates_digits(c)) {
            return Some(Self::Number { text: anywhere(text), digits: anywhere(&digits) });
        }
        if text.is_ascii() {
            return Some(Self::Plain(anywhere(&text.to_ascii_lowercase())));
        }
        let capital = |c: char| {
            if c.is_ascii() { c.to_ascii_lowercase().to_string() } else { c.to_uppercase().to_string() }
        };
        let forms = [
            text.to_ascii_lowercase(),
            text.to_lowercase(),
            text.chars().map(capital).collect(),
            capitalised(text),
        ];
        Some(Self::Folded(forms.map(|form| anywhere(&form))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_a_wildcard() {
        assert_eq!(Search::parse(r" 100%_\ "), Some(Search::Plain(r"%100\%\_\\%".into())));
        assert_eq!(Search::parse(" \0\n"), None);
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        let number = |text: &str, digits: &str| {
            Some(Search::Number { text: format!("%{text}%"), digits: format!("%{digits}%") })
        };
        assert_eq!(Search::parse("(602) 555-0100"), number("(602) 555-0100", "6025550100"));
        assert_eq!(Search::parse("12 Main"), Some(Search::Plain("%12 main%".into())));
        assert_eq!(Search::parse("--"), Some(Search::Plain("%--%".into())));
    }

    #[test]
    fn other_letters_are_looked_for_in_the_forms_people_write() {
        let Some(Search::Folded(forms)) = Search::parse("ÖZ müLLer") else { panic!("has other letters") };
        assert_eq!(forms, ["%Öz müller%", "%öz müller%", "%Öz mÜller%", "%Öz müller%"]);
    }
}
