use std::fmt;

use crate::Permission;

/// The HTTP methods we serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// Reading.
    Get,
    /// Doing something.
    Post,
    /// Storing under a name.
    Put,
}

impl Method {
    /// As on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a route asks of a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: probes and documents.
    Public,
    /// The provider's signature, checked over the raw body by the route's use case.
    Signature,
    /// A link we signed ourselves, which names one object and ends soon.
    SignedLink,
    /// A signed-in person whose role has this permission.
    Permission(Permission),
}

/// One line of the route table. A request that matches none is refused before any handler sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The operation's id, as in the contract and in spans.
    pub operation: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with `{name}` for a parameter.
    pub path: &'static str,
    /// What it asks.
    pub access: Access,
}
