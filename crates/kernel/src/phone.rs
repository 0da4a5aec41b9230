use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A telephone number in E.164 form: `+` and 8 to 15 digits (ITU-T E.164 §6).
///
/// `Debug` shows the last two digits only (all of them where personal data is shown, see [`crate::show_personal_data`]), so a number cannot slip into a log by way of `{:?}`; `Display` writes it
/// whole and is for answers and providers.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// Why a text is not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Empty or blank.
    #[error("no number")]
    Empty,
    /// Words instead of digits, such as `anonymous` or `restricted`.
    #[error("not a telephone number")]
    NotANumber,
    /// Too few or too many digits, or a North American number that cannot exist.
    #[error("not a possible telephone number")]
    Impossible,
}

impl PhoneNumber {
    /// Reads a number as people and providers write it. Without a country code it is taken as North American
    /// (the contract's default country is the United States).
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PhoneError::Empty);
        }
        let international = text.starts_with('+');
        let mut digits = String::with_capacity(15);
        for c in text.chars().skip(usize::from(international)) {
            match c {
                '0'..='9' => digits.push(c),
                ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}' | '\u{2011}' | '\u{2013}' => {}
                _ => return Err(PhoneError::NotANumber),
            }
        }
        if digits.is_empty() {
            return Err(PhoneError::NotANumber);
        }
        if !international {
            match digits.len() {
                10 => digits.insert(0, '1'),
                11 if digits.starts_with('1') => {}
                _ => return Err(PhoneError::Impossible),
            }
        }
        if !(8..=15).contains(&digits.len()) || digits.starts_with('0') {
            return Err(PhoneError::Impossible);
        }
        if let Some(national) = digits.strip_prefix('1') {
            // NANP: area code and exchange never begin with 0 or 1
            let begins_well = |at: usize| matches!(national.as_bytes().get(at), Some(b'2'..=b'9'));
            if national.len() != 10 || !begins_well(0) || !begins_well(3) {
                return Err(PhoneError::Impossible);
            }
        }
        digits.insert(0, '+');
        Ok(Self(digits))
    }

    /// The number in E.164 form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if crate::shows_personal_data() {
            return write!(f, "[phone {}]", self.0);
        }
        let shown = self.0.get(self.0.len().saturating_sub(2)..).unwrap_or_default();
        write!(f, "[phone …{shown}]")
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneError;
    fn from_str(text: &str) -> Result<Self, PhoneError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneError;
    fn try_from(text: String) -> Result<Self, PhoneError> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> String {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_the_ways_providers_write_a_number() {
        for text in ["+12148654559", "214-865-4559", "(214) 865-4559", "1 214 865 4559", "214.865.4559"] {
            assert_eq!(PhoneNumber::parse(text).unwrap().as_str(), "+12148654559", "{text}");
        }
        assert_eq!(PhoneNumber::parse("+44 20 7946 0958").unwrap().as_str(), "+442079460958");
    }

    #[test]
    fn refuses_what_no_one_can_call() {
        assert_eq!(PhoneNumber::parse("  "), Err(PhoneError::Empty));
        for text in ["anonymous", "Restricted", "whatsapp:+12148654559", "+", "++12148654559", "☎"] {
            assert_eq!(PhoneNumber::parse(text), Err(PhoneError::NotANumber), "{text}");
        }
        for text in
            ["911", "+1", "11548654559", "+11548654559", "+12140654559", "+0123456789", "+1234567890123456"]
        {
            assert_eq!(PhoneNumber::parse(text), Err(PhoneError::Impossible), "{text}");
        }
    }

    #[test]
    fn debug_keeps_the_number_out_of_logs() {
        let number = PhoneNumber::parse("+12148654559").unwrap();
        assert_eq!(format!("{number:?}"), "[phone …59]");
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in "\\PC{0,40}") {
            if let Ok(number) = PhoneNumber::parse(&text) {
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number));
            }
        }
    }
}
