//! Going through everything there is, for checks. Whatever is compared is compared within one statement.

mod conditions;
mod dialect;
mod read;
mod references;

use std::collections::HashMap;

use app::{
    ports::{
        CountedCall, Extent, Finding, InspectedCall, InspectedCard, InspectedRecording, InspectedWebhook,
        Inspector, Looked, Mark, RowKey, Stretch,
    },
    verify::RowCheck,
};
use async_trait::async_trait;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use insights::Window;
use kernel::{CallId, CompanyId, ContactCardId, InboxId, RecordingId, StoreError, Timestamp};
use uuid::Uuid;

use self::{
    conditions::{Look, looks},
    dialect::Dialect,
};
use crate::{
    SqlSystem,
    db::{Conn, on_db},
    error::fail,
    types::{DbId, DbTs, Id, Ts},
};

fn dialect(conn: &Conn) -> Dialect {
    Dialect { is_postgres: matches!(conn, Conn::Postgres(_)) }
}

/// A company's id as a parameter; nobody's stands for everybody.
fn whose(company: Option<&CompanyId>) -> &str {
    company.map_or("", CompanyId::as_str)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(conn: &mut Conn, from: &str, company: Option<&CompanyId>) -> Result<u64, StoreError> {
    let text = format!("SELECT count(*) AS count FROM {from} AND ($1 = '' OR t.company_id = $1)");
    let row: Count = on_db!(conn, "server.count_rows", |c| {
        diesel::sql_query(&text).bind::<Text, _>(whose(company)).get_result(c).await
    })
    .map_err(fail("count"))?;
    Ok(u64::try_from(row.count).unwrap_or_default())
}

#[derive(QueryableByName)]
struct NumberedEnd {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
}

#[derive(QueryableByName)]
struct NamedEnd {
    #[diesel(sql_type = BigInt)]
    rows: i64,
    #[diesel(sql_type = Nullable<Id>)]
    last: Option<DbId>,
}

#[derive(QueryableByName)]
struct FoundRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    company: String,
    #[diesel(sql_type = Text)]
    why: String,
}

/// How far a stretch reaches, and how many rows are in it.
fn end_of(look: &Look) -> String {
    let Look { table, key, .. } = look;
    format!(
        "WITH stretch AS (SELECT t.{key} AS key FROM {table} t WHERE t.{key} > $1 AND ($2 = '' OR t.company_id = $2) \
         ORDER BY t.{key} LIMIT $3) \
         SELECT (SELECT count(*) FROM stretch) AS rows, (SELECT key FROM stretch ORDER BY key DESC LIMIT 1) AS last"
    )
}

/// The rows of a stretch that are not as they must be.
fn wrong_in(look: &Look, sql: Dialect) -> String {
    let Look { table, key, why, .. } = look;
    let id = if look.is_numbered() { format!("CAST(t.{key} AS TEXT)") } else { sql.id_text("t.id") };
    // SQLite numbers parameters as it meets them, and none may be missing: so all of them stand in front, in order
    format!(
        "WITH given AS (SELECT $1 AS after, $2 AS last, $3 AS company, $4 AS before, $5 AS told_since) \
         SELECT id, company, why FROM (SELECT {id} AS id, coalesce(t.company_id, '') AS company, {why} AS why \
         FROM {table} t WHERE t.{key} > $1 AND t.{key} <= $2 AND ($3 = '' OR t.company_id = $3)) looked_at \
         WHERE why IS NOT NULL"
    )
}

/// Both queries, with keys of either sort.
macro_rules! look_through {
    ($conn:expr, $look:expr, $sql:expr, $stretch:expr, $end:ty, $type:ty, $first:expr, $wrap:expr) => {{
        let (company, first) = (whose($stretch.company), $first);
        let text = end_of($look);
        let end: $end = on_db!($conn, "server.end_of_stretch", |c| {
            diesel::sql_query(&text)
                .bind::<$type, _>(first)
                .bind::<Text, _>(company)
                .bind::<BigInt, _>($stretch.rows)
                .get_result(c)
                .await
        })
        .map_err(fail($look.table))?;
        let found: Vec<FoundRow> = match end.last {
            None => Vec::new(),
            Some(last) => {
                let text = wrong_in($look, $sql);
                on_db!($conn, "server.look_through", |c| {
                    diesel::sql_query(&text)
                        .bind::<$type, _>(first)
                        .bind::<$type, _>(last)
                        .bind::<Text, _>(company)
                        .bind::<Ts, _>(DbTs($stretch.before))
                        .bind::<Ts, _>(DbTs($stretch.told_since))
                        .load(c)
                        .await
                })
                .map_err(fail($look.table))?
            }
        };
        (end.rows, end.last.map($wrap), found)
    }};
}

#[async_trait]
impl Inspector for SqlSystem {
    async fn extent(&self, of: Extent, company: Option<&CompanyId>) -> Result<u64, StoreError> {
        let mut conn = self.db.reader().await?;
        let tables: Vec<String> = match of {
            Extent::Of(check) => looks(check, dialect(&conn))
                .into_iter()
                .map(|look| format!("{} t WHERE true", look.table))
                .collect(),
            Extent::Calls => vec!["calls t WHERE true".to_owned()],
            Extent::Recordings => vec!["recordings t WHERE t.state = 'stored'".to_owned()],
            Extent::Cards => vec!["contact_cards t WHERE true".to_owned()],
            Extent::Webhooks => vec!["webhook_inbox t WHERE true".to_owned()],
        };
        let mut rows = 0;
        for table in tables {
            rows += count(&mut conn, &table, company).await?;
        }
        Ok(rows)
    }

    async fn look(&self, check: RowCheck, from: Mark, stretch: &Stretch<'_>) -> Result<Looked, StoreError> {
        let mut conn = self.db.reader().await?;
        let sql = dialect(&conn);
        let all = looks(check, sql);
        let Some(look) = all.get(from.table) else { return Ok(Looked::default()) };
        let conn = &mut conn;
        let (rows, last, found) = if look.is_numbered() {
            let first = match from.after {
                Some(RowKey::Number(after)) => after,
                _ => i64::MIN,
            };
            look_through!(conn, look, sql, stretch, NumberedEnd, BigInt, first, RowKey::Number)
        } else {
            let first = match from.after {
                Some(RowKey::Id(after)) => after,
                _ => Uuid::nil(),
            };
            look_through!(conn, look, sql, stretch, NamedEnd, Id, DbId(first), |id: DbId| RowKey::Id(id.0))
        };
        let next = match last {
            Some(last) if rows >= stretch.rows => Some(Mark { table: from.table, after: Some(last) }),
            _ if from.table + 1 < all.len() => Some(Mark { table: from.table + 1, after: None }),
            _ => None,
        };
        let finding = |row: FoundRow| Finding {
            subject: format!("{} {}", look.subject, row.id),
            company: (!row.company.is_empty()).then_some(row.company),
            why: row.why,
        };
        let found = found.into_iter().map(finding).collect();
        Ok(Looked { rows: u64::try_from(rows).unwrap_or_default(), found, next })
    }

    async fn calls(
        &self,
        after: Option<CallId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedCall>, StoreError> {
        read::calls(&mut self.db.reader().await?, after, stretch).await
    }

    async fn recordings(
        &self,
        after: Option<RecordingId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedRecording>, StoreError> {
        read::recordings(&mut self.db.reader().await?, after, stretch).await
    }

    async fn kept_at(&self, ids: &[RecordingId]) -> Result<HashMap<RecordingId, Option<String>>, StoreError> {
        read::kept_at(&mut self.db.reader().await?, ids).await
    }

    async fn cards(
        &self,
        after: Option<ContactCardId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedCard>, StoreError> {
        read::cards(&mut self.db.reader().await?, after, stretch).await
    }

    async fn has_card(&self, company: &str, phone: &str) -> Result<bool, StoreError> {
        read::has_card(&mut self.db.reader().await?, company, phone).await
    }

    async fn webhooks(
        &self,
        after: Option<InboxId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedWebhook>, StoreError> {
        read::webhooks(&mut self.db.reader().await?, after, stretch).await
    }

    async fn counted_calls(
        &self,
        company: &CompanyId,
        window: Window,
        after: Option<(Timestamp, CallId)>,
        limit: i64,
    ) -> Result<Vec<CountedCall>, StoreError> {
        read::counted_calls(&mut self.db.reader().await?, company, window, after, limit).await
    }
}
