use async_trait::async_trait;
use kernel::{CompanyId, ErrorKind, UserId};
use rbac::Role;

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The person.
    pub user: UserId,
    /// Their company.
    pub company: CompanyId,
    /// What they are to it.
    pub role: Role,
}

/// What a caller shows to say who they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Presented<'a> {
    /// The bearer token.
    pub bearer: Option<&'a str>,
    /// In development only: the role chosen in the console.
    pub dev_role: Option<&'a str>,
}

/// Why a caller is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum AuthError {
    /// No token.
    #[error("sign in first")]
    Missing,
    /// A token that is not ours.
    #[error("the token is not valid")]
    Invalid,
    /// A token that has ended.
    #[error("the token has expired")]
    Expired,
    /// A token of no company.
    #[error("the token names no company")]
    NoTenant,
    /// A token without a role.
    #[error("the token names no role")]
    NoRole,
    /// A token with a role we do not know.
    #[error("the token names an unknown role")]
    UnknownRole,
}

impl AuthError {
    /// How the failure concerns the caller.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Missing | Self::Invalid | Self::Expired | Self::NoTenant => ErrorKind::Unauthenticated,
            Self::NoRole | Self::UnknownRole => ErrorKind::Forbidden,
        }
    }

    /// The contract's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "UNAUTHORIZED",
            Self::Invalid => "INVALID_TOKEN",
            Self::Expired => "TOKEN_EXPIRED",
            Self::NoTenant => "MISSING_TENANT_ID",
            Self::NoRole => "MISSING_USER_ROLE",
            Self::UnknownRole => "INVALID_USER_ROLE",
        }
    }
}

/// Says who a caller is.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Checks what a caller shows.
    async fn authenticate(&self, presented: Presented<'_>) -> Result<Identity, AuthError>;
    /// Whether people may choose who to be: then the console offers a choice of role.
    fn is_development(&self) -> bool {
        false
    }
}
