use std::fmt;

/// What a person is to their company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Runs it.
    Manager,
    /// Answers its phones.
    Csr,
    /// Visits its customers.
    SalesRep,
}

/// Why a claim names no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// No claim at all.
    #[error("the token carries no role")]
    Missing,
    /// A claim we do not know.
    #[error("the token carries an unknown role")]
    Unknown,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::Manager, Self::Csr, Self::SalesRep];

    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Csr => "csr",
            Self::SalesRep => "sales_rep",
        }
    }

    /// Reads a token's claim, case-insensitively, with the aliases of contract `conventions.md` §2.
    pub fn from_claim(claim: Option<&str>) -> Result<Self, RoleError> {
        let claim = claim.map(str::trim).filter(|text| !text.is_empty()).ok_or(RoleError::Missing)?;
        match claim.to_ascii_lowercase().as_str() {
            "admin" | "org:admin" | "org:primary_admin" | "exec" | "executive" | "leadership" | "manager"
            | "org:manager" => Ok(Self::Manager),
            "csr" | "org:csr" => Ok(Self::Csr),
            "rep" | "sales_rep" | "org:sales_rep" | "org:member" | "basic_member" | "member" => {
                Ok(Self::SalesRep)
            }
            _ => Err(RoleError::Unknown),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_map_as_the_contract_says() {
        assert_eq!(Role::from_claim(Some("ORG:Admin")), Ok(Role::Manager));
        assert_eq!(Role::from_claim(Some("org:csr")), Ok(Role::Csr));
        assert_eq!(Role::from_claim(Some("basic_member")), Ok(Role::SalesRep));
        assert_eq!(Role::from_claim(Some("root")), Err(RoleError::Unknown));
        assert_eq!(Role::from_claim(Some(" ")), Err(RoleError::Missing));
        assert_eq!(Role::from_claim(None), Err(RoleError::Missing));
    }
}
