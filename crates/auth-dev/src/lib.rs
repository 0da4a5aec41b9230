//! Sign-in for development (`DEV_MODE`): whoever comes without a token is a demo user, in a role chosen in the console.
//! Settings refuse to start it anywhere but in development.
//!
//! A token that is shown must be right here too: `dev:<role>[:<user>[:<company>]]`. A wrong one is refused rather than
//! turned into a manager, as the predecessor did.

use app::ports::{AuthError, Authenticator, Identity, Presented};
use async_trait::async_trait;
use kernel::{CompanyId, UserId};
use rbac::{Role, RoleError};

/// Lets everybody in as a demo user of one company.
#[derive(Clone, Debug)]
pub struct DevAuthenticator {
    /// The demo company.
    pub company: CompanyId,
    /// The demo manager; the demo users of other roles are named after them.
    pub user: UserId,
}

impl DevAuthenticator {
    /// The demo user of a role.
    pub fn user_of(&self, role: Role) -> UserId {
        match role {
            Role::Manager => self.user.clone(),
            other => UserId::try_new(format!("{}-{other}", self.user)).unwrap_or_else(|_| self.user.clone()),
        }
    }

    fn demo(&self, role: Role) -> Identity {
        Identity { user: self.user_of(role), company: self.company.clone(), role }
    }

    fn read(&self, token: &str) -> Result<Identity, AuthError> {
        let mut parts = token.strip_prefix("dev:").ok_or(AuthError::Invalid)?.splitn(3, ':');
        let role = role_of(parts.next())?;
        let demo = self.demo(role);
        let user = match parts.next() {
            Some(user) => UserId::try_new(user).map_err(|_| AuthError::Invalid)?,
            None => demo.user,
        };
        let company = match parts.next() {
            Some(company) => CompanyId::try_new(company).map_err(|_| AuthError::NoTenant)?,
            None => demo.company,
        };
        Ok(Identity { user, company, role })
    }
}

fn role_of(claim: Option<&str>) -> Result<Role, AuthError> {
    Role::from_claim(claim).map_err(|error| match error {
        RoleError::Missing => AuthError::NoRole,
        RoleError::Unknown => AuthError::UnknownRole,
    })
}

#[async_trait]
impl Authenticator for DevAuthenticator {
    async fn authenticate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        match (presented.bearer, presented.dev_role) {
            (Some(token), _) => self.read(token),
            // a cookie left over from another version is not worth an error page
            (None, Some(role)) => Ok(self.demo(role_of(Some(role)).unwrap_or(Role::Manager))),
            (None, None) => Ok(self.demo(Role::Manager)),
        }
    }

    fn is_development(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn come(bearer: Option<&str>, dev_role: Option<&str>) -> Result<String, AuthError> {
        let auth = DevAuthenticator {
            company: CompanyId::try_new("dev-test-company").unwrap(),
            user: UserId::try_new("dev-test-user").unwrap(),
        };
        let identity = auth.authenticate(Presented { bearer, dev_role }).await?;
        Ok(format!("{} {} {}", identity.user, identity.company, identity.role))
    }

    #[tokio::test]
    async fn whoever_comes_is_a_demo_user() {
        assert_eq!(come(None, None).await.unwrap(), "dev-test-user dev-test-company manager");
        assert_eq!(come(None, Some("csr")).await.unwrap(), "dev-test-user-csr dev-test-company csr");
        assert_eq!(come(Some("dev:sales_rep:u1:org_2"), None).await.unwrap(), "u1 org_2 sales_rep");
    }

    #[tokio::test]
    async fn a_wrong_token_is_refused_even_here() {
        assert_eq!(come(Some("eyJhbGciOiJub25lIn0"), None).await, Err(AuthError::Invalid));
        assert_eq!(come(Some("dev:root"), None).await, Err(AuthError::UnknownRole));
        assert_eq!(come(Some("dev:"), None).await, Err(AuthError::NoRole));
        assert_eq!(come(Some("dev:csr:a b"), None).await, Err(AuthError::Invalid));
    }
}
