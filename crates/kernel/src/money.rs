use serde::{Deserialize, Serialize};

/// An amount of money in hundredths of the company's currency (US dollars so far).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cents(pub i64);

impl Cents {
    /// The amount as the client apps expect it: a JSON number of dollars.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 100.0
    }
}
