#![expect(clippy::ref_option_ref, reason = "in what diesel derives")]

use app::ports::{CallListing, CallListings};
use async_trait::async_trait;
use diesel::{
    AsChangeset, ExpressionMethods, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kernel::{CompanyId, Provider, StoreError, Timestamp};

use crate::{
    SqlSystem,
    db::on_db,
    error::{corrupt, fail},
    schema::call_listings as listings,
    types::DbTs,
};

const TABLE: &str = "call_listings";

#[derive(Queryable, Selectable)]
#[diesel(table_name = listings)]
struct Row {
    company_id: Option<String>,
    provider: String,
    account_key: String,
    listed_until: DbTs,
    walk_began: Option<DbTs>,
    next_page: Option<String>,
    finished_at: Option<DbTs>,
    failing_since: Option<DbTs>,
    last_error: Option<String>,
    version: i32,
}

fn listing_of(row: Row) -> Result<CallListing, StoreError> {
    let owner = match row.company_id {
        Some(id) => Some(
            CompanyId::try_new(id).map_err(|error| corrupt(TABLE, "company_id", &row.account_key, error))?,
        ),
        None => None,
    };
    let provider =
        row.provider.parse().map_err(|_| corrupt(TABLE, "provider", &row.account_key, "unknown"))?;
    Ok(CallListing {
        owner,
        provider,
        account_key: row.account_key,
        listed_until: row.listed_until.0,
        walk_began: row.walk_began.map(|at| at.0),
        next_page: row.next_page,
        finished_at: row.finished_at.map(|at| at.0),
        failing_since: row.failing_since.map(|at| at.0),
        last_error: row.last_error,
        version: row.version,
    })
}

#[derive(AsChangeset)]
#[diesel(table_name = listings, treat_none_as_null = true)]
struct Values<'a> {
    listed_until: DbTs,
    walk_began: Option<DbTs>,
    next_page: Option<&'a str>,
    finished_at: Option<DbTs>,
    failing_since: Option<DbTs>,
    last_error: Option<&'a str>,
    version: i32,
    updated_at: DbTs,
}

#[async_trait]
impl CallListings for SqlSystem {
    async fn open(
        &self,
        owner: Option<&CompanyId>,
        provider: Provider,
        account_key: &str,
        listed_until: Timestamp,
        now: Timestamp,
    ) -> Result<CallListing, StoreError> {
        let mut conn = self.db.writer().await?;
        let owner_key = owner.map_or("", CompanyId::as_str);
        let key = (owner_key, provider.as_str(), account_key);
        let known: Option<Row> = on_db!(&mut conn, "call_listings.find", |c| {
            listings::table.find(key).select(Row::as_select()).get_result(c).await.optional()
        })
        .map_err(fail(TABLE))?;
        if let Some(known) = known {
            return listing_of(known);
        }
        let row = (
            listings::company_id.eq(owner.map(CompanyId::as_str)),
            listings::owner_key.eq(owner_key),
            listings::provider.eq(provider.as_str()),
            listings::account_key.eq(account_key),
            listings::listed_until.eq(DbTs(listed_until)),
            listings::created_at.eq(DbTs(now)),
            listings::updated_at.eq(DbTs(now)),
        );
        on_db!(&mut conn, "call_listings.insert", |c| {
            diesel::insert_into(listings::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail(TABLE))?;
        let row: Row = on_db!(&mut conn, "call_listings.read", |c| {
            listings::table.find(key).select(Row::as_select()).get_result(c).await
        })
        .map_err(fail(TABLE))?;
        listing_of(row)
    }

    async fn save(&self, listing: &mut CallListing, now: Timestamp) -> Result<bool, StoreError> {
        let mut conn = self.db.writer().await?;
        let owner_key = listing.owner.as_ref().map_or("", CompanyId::as_str);
        let key = (owner_key, listing.provider.as_str(), listing.account_key.as_str());
        let target = listings::table.find(key).filter(listings::version.eq(listing.version));
        let values = Values {
            listed_until: DbTs(listing.listed_until),
            walk_began: listing.walk_began.map(DbTs),
            next_page: listing.next_page.as_deref(),
            finished_at: listing.finished_at.map(DbTs),
            failing_since: listing.failing_since.map(DbTs),
            last_error: listing.last_error.as_deref(),
            version: listing.version + 1,
            updated_at: DbTs(now),
        };
        let written =
            on_db!(&mut conn, "call_listings.save", |c| diesel::update(target).set(values).execute(c).await)
                .map_err(fail(TABLE))?;
        if written > 0 {
            listing.version += 1;
        }
        Ok(written > 0)
    }

    async fn list(&self) -> Result<Vec<CallListing>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<Row> = on_db!(&mut conn, "call_listings.list", |c| {
            listings::table
                .order((listings::owner_key, listings::provider, listings::account_key))
                .select(Row::as_select())
                .load(c)
                .await
        })
        .map_err(fail(TABLE))?;
        rows.into_iter().map(listing_of).collect()
    }
}
