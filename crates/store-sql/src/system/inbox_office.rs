use app::ports::{
    EmptiedBodies, InboxEntry, InboxFilter, InboxLine, InboxOffice, NewInboxEntry, StoredArrival,
};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper,
    sql_types::{BigInt, Binary},
};
use diesel_async::RunQueryDsl;
use idempotency::InboxState;
use kernel::{CallId, CompanyId, InboxId, StoreError, Timestamp};
use uuid::Uuid;

use crate::{
    SqlSystem,
    db::on_db,
    error::{corrupt, fail},
    kept::kept,
    literals::WebhookUnapplied,
    repositories::{InboxRow, NewInboxRow, entry_of},
    schema::webhook_inbox as inbox,
    types::{DbId, DbTs, Ts},
};

const TABLE: &str = "webhook_inbox";

type LineRow = (DbId, Option<String>, String, String, String, Option<String>, Option<i64>, i32, DbTs);

fn line_of(row: LineRow) -> Result<InboxLine, StoreError> {
    let (id, company, provider, kind, state, reason, call, duplicates, received_at) = row;
    let id = InboxId::from(id);
    let company = match company {
        Some(text) => {
            Some(CompanyId::try_new(text).map_err(|error| corrupt(TABLE, "company_id", id, error))?)
        }
        None => None,
    };
    Ok(InboxLine {
        id,
        company,
        provider: provider.parse().map_err(|error| corrupt(TABLE, "provider", id, error))?,
        kind,
        state: state.parse().map_err(|()| corrupt(TABLE, "state", id, "unknown state"))?,
        reason,
        call: call.map(CallId),
        duplicates,
        received_at: received_at.0,
    })
}

#[derive(QueryableByName)]
struct Emptied {
    #[diesel(sql_type = Ts)]
    received_at: DbTs,
}

#[async_trait]
impl InboxOffice for SqlSystem {
    async fn quarantine(&self, entry: &NewInboxEntry) -> Result<StoredArrival, StoreError> {
        let mut conn = self.db.writer().await?;
        NewInboxRow::of(entry, None).store(&mut conn).await
    }

    async fn list(&self, filter: &InboxFilter) -> Result<Vec<InboxLine>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<LineRow> = on_db!(&mut conn, "webhook_inbox.list", |c| {
            let mut query = inbox::table
                .order(inbox::id.desc())
                .limit(filter.limit)
                .select((
                    inbox::id,
                    inbox::company_id,
                    inbox::provider,
                    inbox::kind,
                    inbox::state,
                    inbox::reason,
                    inbox::call_id,
                    inbox::duplicates,
                    inbox::received_at,
                ))
                .into_boxed();
            if let Some(provider) = filter.provider {
                query = query.filter(inbox::provider.eq(provider.as_str()));
            }
            if let Some(state) = filter.state {
                query = query.filter(inbox::state.eq(state.as_str()));
                if state != InboxState::Applied {
                    query = query.filter(WebhookUnapplied);
                }
            }
            if let Some(company) = &filter.company {
                query = query.filter(inbox::company_id.eq(company.as_str()));
            }
            if let Some(before) = filter.before {
                query = query.filter(inbox::id.lt(DbId::from(before)));
            }
            query.load(c).await
        })
        .map_err(fail(TABLE))?;
        rows.into_iter().map(line_of).collect()
    }

    async fn find(&self, id: InboxId) -> Result<Option<InboxEntry>, StoreError> {
        let mut conn = self.db.reader().await?;
        let row: Option<InboxRow> = on_db!(&mut conn, "webhook_inbox.look_up", |c| {
            let found = inbox::table.find(DbId::from(id)).select(InboxRow::as_select()).get_result(c).await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail(TABLE))?;
        row.map(entry_of).transpose()
    }

    async fn assign(&self, id: InboxId, company: &CompanyId) -> Result<(), StoreError> {
        let mut conn = self.db.writer().await?;
        on_db!(&mut conn, "webhook_inbox.assign", |c| {
            let quarantined = inbox::table
                .filter(inbox::id.eq(DbId::from(id)))
                .filter(inbox::state.eq(InboxState::Quarantined.as_str()));
            kept(diesel::update(quarantined).set(inbox::company_id.eq(Some(company.as_str()))))
                .execute(c)
                .await
        })
        .map_err(fail(TABLE))?;
        Ok(())
    }

    async fn waiting(
        &self,
        before: Timestamp,
        after: Option<InboxId>,
        limit: i64,
    ) -> Result<Vec<InboxEntry>, StoreError> {
        let mut conn = self.db.reader().await?;
        let after = after.map_or(DbId(Uuid::nil()), DbId::from);
        let rows: Vec<InboxRow> = on_db!(&mut conn, "webhook_inbox.waiting", |c| {
            inbox::table
                .filter(WebhookUnapplied)
                .filter(inbox::state.eq(InboxState::Waiting.as_str()))
                .filter(inbox::received_at.lt(DbTs(before)))
                .filter(inbox::id.gt(after))
                .order(inbox::id)
                .limit(limit)
                .select(InboxRow::as_select())
                .load(c)
                .await
        })
        .map_err(fail(TABLE))?;
        rows.into_iter().map(entry_of).collect()
    }

    async fn delete_settled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        // nothing is settled before it arrives, and the index is on that
        let old = "FROM webhook_inbox WHERE received_at < $1 AND processed_at < $1 \
                   AND state IN ('applied', 'ignored') ORDER BY received_at LIMIT $2";
        let text = format!("DELETE FROM webhook_inbox WHERE {}", conn.picks(old));
        on_db!(&mut conn, "webhook_inbox.delete_settled", |c| {
            let delete = diesel::sql_query(&text).bind::<Ts, _>(DbTs(before)).bind::<BigInt, _>(limit);
            kept(delete).execute(c).await
        })
        .map_err(fail(TABLE))
    }

    async fn empty_bodies(
        &self,
        from: Timestamp,
        before: Timestamp,
        limit: i64,
    ) -> Result<EmptiedBodies, StoreError> {
        let mut conn = self.db.writer().await?;
        let full = "FROM webhook_inbox WHERE received_at >= $2 AND received_at < $3 \
                    AND state IN ('applied', 'ignored') AND length(body) > 0 ORDER BY received_at LIMIT $4";
        let picked = conn.picks(full);
        let text =
            format!("UPDATE webhook_inbox SET body = $1, proof = '[]' WHERE {picked} RETURNING received_at");
        let emptied: Vec<Emptied> = on_db!(&mut conn, "webhook_inbox.empty_bodies", |c| {
            let update = diesel::sql_query(&text)
                .bind::<Binary, _>(Vec::<u8>::new())
                .bind::<Ts, _>(DbTs(from))
                .bind::<Ts, _>(DbTs(before))
                .bind::<BigInt, _>(limit);
            kept(update).load(c).await
        })
        .map_err(fail(TABLE))?;
        Ok(EmptiedBodies {
            count: emptied.len(),
            up_to: emptied.into_iter().map(|row| row.received_at.0).max(),
        })
    }
}
