use app::ports::{SealedSecret, TenantSetup, Tenants};
use async_trait::async_trait;
use diesel::{ExpressionMethods, JoinOnDsl, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{CompanyId, PhoneNumber, Provider, Secret, StoreError, Timestamp, fingerprint};
use tenancy::Company;

use super::SystemUnit;
use crate::{
    SqlSystem,
    db::{Conn, on_db},
    error::{corrupt, fail},
    repositories::{CompanyRow, company_of},
    schema::{
        companies, provider_accounts as accounts, provider_credentials as credentials, shunya_jobs,
        tracking_numbers as numbers, users,
    },
    types::{DbId, DbTs},
};

/// Set-up rows have natural keys; their ids follow from them, so that setting up twice makes the same rows.
pub(crate) fn id_of(parts: &[&str]) -> DbId {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let print = fingerprint(&parts);
    let bits = print.get(..32).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default();
    DbId(uuid::Builder::from_custom_bytes(bits.to_be_bytes()).into_uuid())
}

async fn owner_of(conn: &mut Conn, id: &str) -> Result<Option<Company>, StoreError> {
    let row: Option<CompanyRow> = on_db!(conn, "companies.find", |c| {
        let found = companies::table.find(id).select(CompanyRow::as_select()).get_result(c).await;
        diesel::OptionalExtension::optional(found)
    })
    .map_err(fail("companies"))?;
    row.map(company_of).transpose()
}

#[async_trait]
impl Tenants for SqlSystem {
    async fn by_key(&self, key: &Secret) -> Result<Option<Company>, StoreError> {
        let mut conn = self.db.reader().await?;
        let row: Option<CompanyRow> = on_db!(&mut conn, "companies.by_key", |c| {
            let found = companies::table
                .filter(companies::tenant_key.eq(key.expose()))
                .select(CompanyRow::as_select())
                .get_result(c)
                .await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail("companies"))?;
        row.map(company_of).transpose()
    }

    async fn by_accounts(&self, provider: Provider, names: &[String]) -> Result<Vec<Company>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.db.reader().await?;
        let rows: Vec<CompanyRow> = on_db!(&mut conn, "provider_accounts.owners_of", |c| {
            accounts::table
                .inner_join(companies::table.on(companies::id.eq(accounts::company_id)))
                .filter(accounts::provider.eq(provider.as_str()))
                .filter(accounts::external_id.eq_any(names.iter().map(String::as_str)))
                .select(CompanyRow::as_select())
                .load(c)
                .await
        })
        .map_err(fail("provider_accounts"))?;
        let mut owners: Vec<Company> = Vec::with_capacity(1);
        for row in rows {
            let owner = company_of(row)?;
            if !owners.iter().any(|known| known.id == owner.id) {
                owners.push(owner);
            }
        }
        Ok(owners)
    }

    async fn by_tracking_number(&self, number: &PhoneNumber) -> Result<Option<Company>, StoreError> {
        let mut conn = self.db.reader().await?;
        let row: Option<CompanyRow> = on_db!(&mut conn, "tracking_numbers.owner_of", |c| {
            let found = numbers::table
                .inner_join(companies::table.on(companies::id.eq(numbers::company_id)))
                .filter(numbers::number.eq(number.as_str()))
                .select(CompanyRow::as_select())
                .get_result(c)
                .await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail("tracking_numbers"))?;
        row.map(company_of).transpose()
    }

    async fn find(&self, id: &CompanyId) -> Result<Option<Company>, StoreError> {
        owner_of(&mut self.db.reader().await?, id.as_str()).await
    }

    async fn credential(
        &self,
        company: &CompanyId,
        provider: Provider,
        name: &str,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let mut conn = self.db.reader().await?;
        let sealed: Option<Vec<u8>> = on_db!(&mut conn, "provider_credentials.find", |c| {
            let found = credentials::table
                .filter(credentials::company_id.eq(company.as_str()))
                .filter(credentials::provider.eq(provider.as_str()))
                .filter(credentials::name.eq(name))
                .select(credentials::ciphertext)
                .get_result(c)
                .await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail("provider_credentials"))?;
        Ok(sealed.map(SealedSecret))
    }

    async fn credentials_named(
        &self,
        provider: Provider,
        name: &str,
    ) -> Result<Vec<(CompanyId, SealedSecret)>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<(String, Vec<u8>)> = on_db!(&mut conn, "provider_credentials.named", |c| {
            credentials::table
                .filter(credentials::provider.eq(provider.as_str()))
                .filter(credentials::name.eq(name))
                .order(credentials::company_id)
                .select((credentials::company_id, credentials::ciphertext))
                .load(c)
                .await
        })
        .map_err(fail("provider_credentials"))?;
        rows.into_iter()
            .map(|(id, sealed)| {
                let id = CompanyId::try_new(id)
                    .map_err(|error| corrupt("provider_credentials", "company_id", "?", error))?;
                Ok((id, SealedSecret(sealed)))
            })
            .collect()
    }

    async fn with_credential(&self, provider: Provider, name: &str) -> Result<Vec<CompanyId>, StoreError> {
        let mut conn = self.db.reader().await?;
        let ids: Vec<String> = on_db!(&mut conn, "provider_credentials.holders", |c| {
            credentials::table
                .filter(credentials::provider.eq(provider.as_str()))
                .filter(credentials::name.eq(name))
                .order(credentials::company_id)
                .select(credentials::company_id)
                .load(c)
                .await
        })
        .map_err(fail("provider_credentials"))?;
        ids.into_iter()
            .map(|id| {
                CompanyId::try_new(id)
                    .map_err(|error| corrupt("provider_credentials", "company_id", "?", error))
            })
            .collect()
    }

    async fn list(&self) -> Result<Vec<Company>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<CompanyRow> = on_db!(&mut conn, "companies.list", |c| {
            companies::table.order(companies::id).select(CompanyRow::as_select()).load(c).await
        })
        .map_err(fail("companies"))?;
        rows.into_iter().map(company_of).collect()
    }

    async fn set_up(&self, setup: &TenantSetup, now: Timestamp) -> Result<(), StoreError> {
        let mut unit = SystemUnit::begin(self).await?;
        let conn = unit.conn();
        let company = setup.company.id.as_str();
        upsert_company(conn, &setup.company, now).await?;
        for (provider, number) in &setup.tracking_numbers {
            insert_number(conn, company, *provider, number, now).await?;
        }
        for (provider, external_id) in &setup.accounts {
            insert_account(conn, company, *provider, external_id, now).await?;
        }
        for (provider, name, sealed) in &setup.credentials {
            upsert_credential(conn, company, *provider, name, sealed, now).await?;
        }
        for (id, name, role) in &setup.users {
            refuse_others(conn, company, id).await?;
            let row = (
                users::id.eq(id.as_str()),
                users::company_id.eq(company),
                users::name.eq(name.as_deref()),
                users::role.eq(role.as_str()),
                users::created_at.eq(DbTs(now)),
                users::updated_at.eq(DbTs(now)),
            );
            on_db!(conn, "users.upsert", |c| {
                diesel::insert_into(users::table)
                    .values(row)
                    .on_conflict(users::id)
                    .do_update()
                    .set((
                        users::name.eq(name.as_deref()),
                        users::role.eq(role.as_str()),
                        users::updated_at.eq(DbTs(now)),
                    ))
                    .execute(c)
                    .await
            })
            .map_err(fail("users"))?;
        }
        unit.commit().await
    }

    async fn owns_vendor_task(&self, task_ids: &[String]) -> Result<Option<CompanyId>, StoreError> {
        if task_ids.is_empty() {
            return Ok(None);
        }
        let mut conn = self.db.reader().await?;
        let owner: Option<String> = on_db!(&mut conn, "shunya_jobs.owner_of_task", |c| {
            let found = shunya_jobs::table
                .filter(shunya_jobs::vendor_task_id.eq_any(task_ids.iter().map(String::as_str)))
                .select(shunya_jobs::company_id)
                .limit(1)
                .get_result(c)
                .await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail("shunya_jobs"))?;
        owner
            .map(|id| {
                CompanyId::try_new(id).map_err(|error| corrupt("shunya_jobs", "company_id", "?", error))
            })
            .transpose()
    }
}

async fn upsert_company(conn: &mut Conn, company: &Company, now: Timestamp) -> Result<(), StoreError> {
    let (key, zone) = (company.tenant_key.expose(), company.calendar.zone_name());
    let row = (
        companies::id.eq(company.id.as_str()),
        companies::name.eq(&company.name),
        companies::time_zone.eq(zone),
        companies::tenant_key.eq(key),
        companies::created_at.eq(DbTs(now)),
        companies::updated_at.eq(DbTs(now)),
    );
    on_db!(conn, "companies.upsert", |c| {
        diesel::insert_into(companies::table)
            .values(row)
            .on_conflict(companies::id)
            .do_update()
            .set((
                companies::name.eq(&company.name),
                companies::time_zone.eq(zone),
                companies::tenant_key.eq(key),
                companies::updated_at.eq(DbTs(now)),
            ))
            .execute(c)
            .await
    })
    .map_err(fail("companies"))?;
    Ok(())
}

/// A person is of one tenant; an upsert alone would rename another tenant's and change what they may do.
async fn refuse_others(conn: &mut Conn, company: &str, id: &kernel::UserId) -> Result<(), StoreError> {
    let owner: Option<String> = on_db!(conn, "users.company_of", |c| {
        let found = users::table.find(id.as_str()).select(users::company_id).get_result(c).await;
        diesel::OptionalExtension::optional(found)
    })
    .map_err(fail("users"))?;
    match owner {
        Some(owner) if owner != company => Err(StoreError::AlreadyExists { table: "users" }),
        _ => Ok(()),
    }
}

async fn insert_number(
    conn: &mut Conn,
    company: &str,
    provider: Provider,
    number: &PhoneNumber,
    now: Timestamp,
) -> Result<(), StoreError> {
    let owner: Option<String> = on_db!(conn, "tracking_numbers.company_of", |c| {
        let found = numbers::table
            .filter(numbers::number.eq(number.as_str()))
            .select(numbers::company_id)
            .get_result(c)
            .await;
        diesel::OptionalExtension::optional(found)
    })
    .map_err(fail("tracking_numbers"))?;
    match owner {
        Some(owner) if owner == company => return Ok(()),
        Some(_) => return Err(StoreError::AlreadyExists { table: "tracking_numbers" }),
        None => {}
    }
    let row = (
        numbers::id.eq(id_of(&["tracking_number", number.as_str()])),
        numbers::company_id.eq(company),
        numbers::number.eq(number.as_str()),
        numbers::provider.eq(provider.as_str()),
        numbers::created_at.eq(DbTs(now)),
    );
    on_db!(conn, "tracking_numbers.insert", |c| diesel::insert_into(numbers::table)
        .values(row)
        .execute(c)
        .await)
    .map_err(fail("tracking_numbers"))?;
    Ok(())
}

async fn insert_account(
    conn: &mut Conn,
    company: &str,
    provider: Provider,
    external_id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let owner: Option<String> = on_db!(conn, "provider_accounts.company_of", |c| {
        let found = accounts::table
            .filter(accounts::provider.eq(provider.as_str()))
            .filter(accounts::external_id.eq(external_id))
            .select(accounts::company_id)
            .get_result(c)
            .await;
        diesel::OptionalExtension::optional(found)
    })
    .map_err(fail("provider_accounts"))?;
    match owner {
        Some(owner) if owner == company => return Ok(()),
        Some(_) => return Err(StoreError::AlreadyExists { table: "provider_accounts" }),
        None => {}
    }
    let row = (
        accounts::id.eq(id_of(&["provider_account", provider.as_str(), external_id])),
        accounts::company_id.eq(company),
        accounts::provider.eq(provider.as_str()),
        accounts::external_id.eq(external_id),
        accounts::created_at.eq(DbTs(now)),
    );
    on_db!(conn, "provider_accounts.insert", |c| diesel::insert_into(accounts::table)
        .values(row)
        .execute(c)
        .await)
    .map_err(fail("provider_accounts"))?;
    Ok(())
}

async fn upsert_credential(
    conn: &mut Conn,
    company: &str,
    provider: Provider,
    name: &str,
    sealed: &SealedSecret,
    now: Timestamp,
) -> Result<(), StoreError> {
    let row = (
        credentials::id.eq(id_of(&["provider_credential", company, provider.as_str(), name])),
        credentials::company_id.eq(company),
        credentials::provider.eq(provider.as_str()),
        credentials::name.eq(name),
        credentials::ciphertext.eq(&sealed.0),
        credentials::created_at.eq(DbTs(now)),
        credentials::updated_at.eq(DbTs(now)),
    );
    on_db!(conn, "provider_credentials.upsert", |c| {
        diesel::insert_into(credentials::table)
            .values(row)
            .on_conflict((credentials::company_id, credentials::provider, credentials::name))
            .do_update()
            .set((credentials::ciphertext.eq(&sealed.0), credentials::updated_at.eq(DbTs(now))))
            .execute(c)
            .await
    })
    .map_err(fail("provider_credentials"))?;
    Ok(())
}
