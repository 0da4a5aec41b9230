use serde::{Deserialize, Serialize};

/// Something in an event that cannot be true or read. The call is kept, the field stays empty, and people can see why.
///
/// Holds no value from outside: what was sent stays in the webhook inbox.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Problem {
    /// The field as the provider names it.
    pub field: String,
    /// A stable code such as `negative_duration`.
    pub code: String,
}

impl Problem {
    /// A problem with one field.
    pub fn new(field: &str, code: &str) -> Self {
        Self { field: field.to_owned(), code: code.to_owned() }
    }
}
