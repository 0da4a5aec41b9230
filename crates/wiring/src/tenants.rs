use app::{
    Ports,
    ingest::credential_context,
    ports::{SecretBoxError, TenantSetup},
};
use kernel::{Calendar, CompanyId, PhoneNumber, Provider, Secret, StoreError, UserId};
use rbac::Role;
use tenancy::{Company, TenantKey};

/// A tenant as an operator describes it.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// The identity provider's organisation id.
    pub id: CompanyId,
    /// As shown.
    pub name: String,
    /// Whose days it counts in; as they are, and in UTC at first, where it is not given.
    pub calendar: Option<Calendar>,
    /// The unguessable segment of its webhook addresses; made up where it is not given.
    pub tenant_key: Option<TenantKey>,
    /// CallRail's names for it.
    pub callrail_accounts: Vec<String>,
    /// Its numbers at CallRail.
    pub tracking_numbers: Vec<PhoneNumber>,
    /// Its secrets at CallRail: name and value.
    pub callrail_secrets: Vec<(String, Secret)>,
    /// Its people.
    pub users: Vec<(UserId, Option<String>, Role)>,
}

/// Why a tenant cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetUpError {
    /// A secret cannot be sealed.
    #[error(transparent)]
    Secret(#[from] SecretBoxError),
    /// Something that must be one tenant's alone.
    #[error("{what} belongs to another company")]
    Taken {
        /// What.
        what: &'static str,
    },
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SetUpError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::AlreadyExists { table: "tracking_numbers" } => {
                Self::Taken { what: "one of the tracking numbers" }
            }
            StoreError::AlreadyExists { table: "provider_accounts" } => {
                Self::Taken { what: "one of CallRail's names" }
            }
            StoreError::AlreadyExists { table: "users" } => Self::Taken { what: "one of the people" },
            StoreError::AlreadyExists { table: "companies" } => Self::Taken { what: "the tenant key" },
            other => Self::Store(other),
        }
    }
}

/// A tenant's secrets at CallRail, by name: what it signs its webhooks with, and its access to the API.
const CALLRAIL_SECRETS: [&str; 3] = ["signing_key", "api_key", "account_id"];

/// Seals every stored secret anew with the newest key, so that older ones can be dropped. Answers how many.
pub async fn reseal(ports: &Ports) -> Result<usize, SetUpError> {
    let provider = Provider::Callrail;
    let mut sealed_anew = 0;
    for company in ports.tenants.list().await? {
        let mut credentials = Vec::new();
        for name in CALLRAIL_SECRETS {
            let Some(sealed) = ports.tenants.credential(&company.id, provider, name).await? else { continue };
            let context = credential_context(&company.id, provider, name);
            let secret = ports.secrets.open(&sealed, &context)?;
            credentials.push((provider, name.to_owned(), ports.secrets.seal(&secret, &context)?));
        }
        if credentials.is_empty() {
            continue;
        }
        sealed_anew += credentials.len();
        let (tracking_numbers, accounts, users) = Default::default();
        let setup = TenantSetup { company, tracking_numbers, accounts, credentials, users };
        ports.tenants.set_up(&setup, ports.clock.now()).await?;
    }
    Ok(sealed_anew)
}

/// Names of the secrets a tenant has already and would have others for.
pub async fn secrets_replaced_by(ports: &Ports, tenant: &NewTenant) -> Result<Vec<&'static str>, SetUpError> {
    let mut replaced = Vec::new();
    for name in CALLRAIL_SECRETS {
        let Some((_, new)) = tenant.callrail_secrets.iter().find(|(given, _)| given == name) else {
            continue;
        };
        let Some(sealed) = ports.tenants.credential(&tenant.id, Provider::Callrail, name).await? else {
            continue;
        };
        let known = ports.secrets.open(&sealed, &credential_context(&tenant.id, Provider::Callrail, name))?;
        if known.expose() != new.expose() {
            replaced.push(name);
        }
    }
    Ok(replaced)
}

/// Makes a tenant, or brings it to this state.
pub async fn set_up_tenant(ports: &Ports, tenant: NewTenant) -> Result<Company, SetUpError> {
    let known = ports.tenants.find(&tenant.id).await?;
    let tenant_key = tenant
        .tenant_key
        .or_else(|| known.as_ref().map(|known| known.tenant_key.clone()))
        .or_else(|| TenantKey::try_new(ports.ids.next().simple().to_string()).ok());
    let Some(tenant_key) = tenant_key else {
        return Err(StoreError::AlreadyExists { table: "companies" }.into());
    };
    let calendar = tenant.calendar.or(known.map(|known| known.calendar)).unwrap_or(Calendar::UTC);
    let company = Company { id: tenant.id, name: tenant.name, calendar, tenant_key };
    let mut credentials = Vec::with_capacity(tenant.callrail_secrets.len());
    for (name, secret) in tenant.callrail_secrets {
        let sealed =
            ports.secrets.seal(&secret, &credential_context(&company.id, Provider::Callrail, &name))?;
        credentials.push((Provider::Callrail, name, sealed));
    }
    let setup = TenantSetup {
        company: company.clone(),
        tracking_numbers: tenant
            .tracking_numbers
            .into_iter()
            .map(|number| (Provider::Callrail, number))
            .collect(),
        accounts: tenant.callrail_accounts.into_iter().map(|name| (Provider::Callrail, name)).collect(),
        credentials,
        users: tenant.users,
    };
    ports.tenants.set_up(&setup, ports.clock.now()).await?;
    Ok(company)
}
