use app::ports::TenantDirectory;
use async_trait::async_trait;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{Calendar, CompanyId, StoreError, UserId};
use tenancy::{Company, TenantKey};

use crate::{
    db::on_db,
    error::{corrupt, fail},
    schema::{companies, users},
    unit::SqlUnit,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = companies)]
pub(crate) struct CompanyRow {
    id: String,
    name: String,
    time_zone: Option<String>,
    tenant_key: String,
}

/// Reads a row back.
pub(crate) fn company_of(row: CompanyRow) -> Result<Company, StoreError> {
    let bad = |column, why: String| corrupt("companies", column, &row.id, why);
    let calendar = match &row.time_zone {
        Some(name) => Calendar::in_zone(name).map_err(|error| bad("time_zone", error.to_string()))?,
        None => Calendar::UTC,
    };
    let tenant_key =
        TenantKey::try_new(row.tenant_key).map_err(|error| bad("tenant_key", error.to_string()))?;
    let id = CompanyId::try_new(row.id.clone()).map_err(|error| bad("id", error.to_string()))?;
    Ok(Company { id, name: row.name, calendar, tenant_key })
}

#[async_trait]
impl TenantDirectory for SqlUnit {
    async fn company(&mut self) -> Result<Option<Company>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<CompanyRow> = on_db!(conn, "companies.find_own", |c| {
            companies::table.find(company).select(CompanyRow::as_select()).get_result(c).await.optional()
        })
        .map_err(fail("companies"))?;
        row.map(company_of).transpose()
    }

    async fn has_user(&mut self, id: &UserId) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let found: i64 = on_db!(conn, "users.has", |c| {
            users::table
                .filter(users::company_id.eq(company))
                .filter(users::id.eq(id.as_str()))
                .count()
                .get_result(c)
                .await
        })
        .map_err(fail("users"))?;
        Ok(found > 0)
    }
}
