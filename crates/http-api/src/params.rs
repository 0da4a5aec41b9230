//! Query parameters (contract `conventions.md` §1): unknown ones are ignored, an empty value is as good as none, and
//! everything wrong is said at once, by name.

use std::{collections::HashMap, ops::RangeInclusive, str::FromStr};

use actix_web::HttpRequest;
use insights::{Window, WindowError};
use kernel::{Calendar, PhoneNumber, Timestamp, UserId};

use crate::{ApiError, Caller, ErrorCode, error::FieldError};

/// The parameters of one request.
pub struct Params {
    pairs: HashMap<String, String>,
    wrong: Vec<FieldError>,
}

impl Params {
    /// Reads the query string. A repeated parameter counts once, the last.
    pub fn of(request: &HttpRequest) -> Self {
        let pairs = url::form_urlencoded::parse(request.query_string().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.trim().to_owned()))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        Self { pairs, wrong: Vec::new() }
    }

    /// Says that a parameter is wrong, in the first way that was found.
    pub fn wrong(&mut self, field: &str, message: impl Into<String>) {
        if self.wrong.iter().any(|wrong| wrong.field == field) {
            return;
        }
        self.wrong.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// Whether any of these is there.
    pub fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.pairs.contains_key(*name))
    }

    /// As sent. A NUL is in no text that could be found.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let text = self.pairs.get(name)?.clone();
        if text.contains('\0') {
            self.wrong(name, "must not contain a NUL character");
            return None;
        }
        Some(text)
    }

    /// One that must be there.
    pub fn required(&mut self, name: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.wrong(name, "is required");
        }
        text
    }

    /// A whole number within a range.
    pub fn integer(&mut self, name: &str, range: RangeInclusive<i64>, default: i64) -> i64 {
        let Some(text) = self.text(name) else { return default };
        match text.parse::<i64>() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let what = match *range.end() {
                    i64::MAX => format!("must be a whole number from {}", range.start()),
                    end => format!("must be a whole number from {} to {end}", range.start()),
                };
                self.wrong(name, what);
                default
            }
        }
    }

    /// true/false or 1/0, in any letter case.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        let text = self.text(name)?;
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => {
                self.wrong(name, "must be true or false");
                None
            }
        }
    }

    /// One of an enumeration's words.
    pub fn word<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match text.parse::<T>() {
            Ok(word) => Some(word),
            Err(error) => {
                self.wrong(name, error.to_string());
                None
            }
        }
    }

    /// Several of them, separated by commas.
    pub fn words<T: FromStr<Err: ToString>>(&mut self, name: &str) -> Vec<T> {
        let Some(text) = self.text(name) else { return Vec::new() };
        let mut words = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.parse::<T>() {
                Ok(word) => words.push(word),
                Err(error) => {
                    self.wrong(name, error.to_string());
                    break;
                }
            }
        }
        words
    }

    /// One of these words.
    pub fn choice(&mut self, name: &str, choices: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if choices.contains(&text.as_str()) {
            return Some(text);
        }
        self.wrong(name, format!("must be one of {}", choices.join(", ")));
        None
    }

    /// An id to filter by. One that is none of ours filters everything out, which is what `Some(None)` says.
    #[expect(clippy::option_option, reason = "absent, not ours, and ours are three answers")]
    pub fn id<T: FromStr>(&mut self, name: &str) -> Option<Option<T>> {
        self.text(name).map(|text| text.parse().ok())
    }

    /// A person to filter by.
    pub fn user(&mut self, name: &str) -> Option<UserId> {
        self.word(name)
    }

    /// A telephone number, normalised.
    pub fn phone(&mut self, name: &str) -> Option<PhoneNumber> {
        let text = self.text(name)?;
        // a '+' in an address reaches us as a blank unless the client escaped it
        match PhoneNumber::parse(&text)
            .or_else(|error| PhoneNumber::parse(&format!("+{text}")).map_err(|_| error))
        {
            Ok(number) => Some(number),
            Err(error) => {
                self.wrong(name, error.to_string());
                None
            }
        }
    }

    /// A lower bound: a date or an instant, as the first instant in.
    pub fn from(&mut self, name: &str, calendar: Calendar) -> Option<Timestamp> {
        let text = self.text(name)?;
        let bound = Window::lower(&text, calendar);
        self.bound(name, bound)
    }

    /// An upper bound: a date or an instant, as the first instant no longer in.
    pub fn until(&mut self, name: &str, calendar: Calendar) -> Option<Timestamp> {
        let text = self.text(name)?;
        let bound = Window::upper(&text, calendar);
        self.bound(name, bound)
    }

    fn bound(&mut self, name: &str, bound: Result<Timestamp, WindowError>) -> Option<Timestamp> {
        match bound {
            Ok(at) => Some(at),
            Err(error) => {
                self.wrong(name, error.to_string());
                None
            }
        }
    }

    /// Two bounds must not be the wrong way round.
    pub fn ordered(&mut self, name: &str, from: Option<Timestamp>, until: Option<Timestamp>) {
        if let (Some(from), Some(until)) = (from, until)
            && from >= until
        {
            self.wrong(name, WindowError::Backwards.to_string());
        }
    }

    /// An opaque place in a list.
    pub fn parse<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            self.wrong(name, expected);
        }
        value
    }

    /// A company named beside the token must be the token's.
    pub fn company(&mut self, caller: &Caller) -> Result<(), ApiError> {
        match self.pairs.get("company_id") {
            Some(company) if company != caller.identity.company.as_str() => {
                let message = "company_id is not the company you are signed in to";
                Err(ApiError::new(kernel::ErrorKind::Forbidden, message).coded(ErrorCode::Forbidden))
            }
            _ => Ok(()),
        }
    }

    /// Everything wrong, at once.
    pub fn check(&mut self) -> Result<(), ApiError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(ApiError::fields(std::mem::take(&mut self.wrong))) }
    }
}
