use crate::{CompanyId, UserId};

/// Who acts, for which tenant. Every unit of work and every tenant read is opened with one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The tenant. Rows of any other are invisible.
    pub company: CompanyId,
    /// Who is to be named in histories and audits.
    pub actor: Actor,
}

impl Scope {
    /// The scope of background work done for a tenant, named for its history, such as `shunya` or `otto`.
    pub fn system(company: CompanyId, name: &'static str) -> Self {
        Self { company, actor: Actor::System(name) }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User(UserId),
    /// Otto itself, or a provider through it.
    System(&'static str),
}

impl Actor {
    /// As written into histories.
    pub fn as_str(&self) -> &str {
        match self {
            Self::User(id) => id.as_str(),
            Self::System(name) => name,
        }
    }
}
