use kernel::{Calendar, CompanyId, Secret};

/// A tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Company {
    /// The identity provider's organisation id.
    pub id: CompanyId,
    /// As shown.
    pub name: String,
    /// Whose days it counts in; UTC where none is set.
    pub calendar: Calendar,
    /// The unguessable segment of its webhook addresses.
    pub tenant_key: TenantKey,
}

/// The unguessable path segment that names a tenant in the webhook addresses handed to providers. Not a proof by itself:
/// it only says whose signing key to check against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantKey(Secret);

/// The text cannot be a tenant key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant key has 16 to 64 letters, digits, '_' or '-'")]
pub struct TenantKeyError;

impl TenantKey {
    /// 16 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn try_new(text: impl Into<String>) -> Result<Self, TenantKeyError> {
        let text = text.into();
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !(16..=64).contains(&text.len()) || !text.chars().all(allowed) {
            return Err(TenantKeyError);
        }
        Ok(Self(Secret::new(text)))
    }

    /// The segment itself.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}
