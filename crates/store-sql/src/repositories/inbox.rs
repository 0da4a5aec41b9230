use app::ports::{Inbox, InboxEntry, NewInboxEntry, StoredArrival};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use idempotency::{Arrival, InboxState};
use kernel::{CallId, CompanyId, InboxId, StoreError, Timestamp};

use crate::{
    db::{Conn, find_locked, later, on_db, on_sqlite},
    error::{corrupt, fail},
    kept::kept,
    literals::WebhookWaiting,
    schema::webhook_inbox,
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

const TABLE: &str = "webhook_inbox";

#[derive(Insertable)]
#[diesel(table_name = webhook_inbox, treat_none_as_default_value = false)]
pub(crate) struct NewInboxRow {
    id: DbId,
    company_id: Option<String>,
    provider: &'static str,
    kind: String,
    event_key: String,
    match_key: Option<String>,
    state: &'static str,
    reason: Option<String>,
    path: String,
    query: String,
    content_type: Option<String>,
    proof: DbDoc,
    body: Vec<u8>,
    call_id: Option<i64>,
    trace: Option<String>,
    received_at: DbTs,
    processed_at: Option<DbTs>,
}

impl NewInboxRow {
    pub(crate) fn of(entry: &NewInboxEntry, company: Option<&str>) -> Self {
        Self {
            id: entry.id.into(),
            company_id: company.map(str::to_owned),
            provider: entry.provider.as_str(),
            kind: entry.kind.clone(),
            event_key: entry.event_key.clone(),
            match_key: entry.match_key.clone(),
            state: entry.state.as_str(),
            reason: entry.reason.clone(),
            path: entry.path.clone(),
            query: entry.query.clone(),
            content_type: entry.content_type.clone(),
            proof: DbDoc::of(&entry.proof),
            body: entry.body.clone(),
            call_id: entry.call.map(|call| call.0),
            trace: entry.trace.clone(),
            received_at: DbTs(entry.received_at),
            processed_at: is_settled(entry.state).then_some(DbTs(entry.received_at)),
        }
    }

    /// Stores it, or counts the repetition, in one statement.
    pub(crate) async fn store(self, conn: &mut Conn) -> Result<StoredArrival, StoreError> {
        let id = self.id;
        let (stored, received_at): (DbId, DbTs) = on_db!(conn, "webhook_inbox.store", |c| {
            let insert = diesel::insert_into(webhook_inbox::table)
                .values(self)
                .on_conflict(webhook_inbox::event_key)
                .do_update()
                .set(webhook_inbox::duplicates.eq(webhook_inbox::duplicates + 1))
                .returning((webhook_inbox::id, webhook_inbox::received_at));
            kept(insert).get_result(c).await
        })
        .map_err(fail(TABLE))?;
        let arrival = if stored == id {
            Arrival::First
        } else {
            Arrival::Duplicate { first_received_at: received_at.0 }
        };
        Ok(StoredArrival { id: stored.into(), arrival })
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = webhook_inbox)]
pub(crate) struct InboxRow {
    id: DbId,
    company_id: Option<String>,
    provider: String,
    kind: String,
    event_key: String,
    match_key: Option<String>,
    state: String,
    reason: Option<String>,
    path: String,
    query: String,
    content_type: Option<String>,
    proof: DbDoc,
    body: Vec<u8>,
    call_id: Option<i64>,
    trace: Option<String>,
    duplicates: i32,
    received_at: DbTs,
    processed_at: Option<DbTs>,
}

/// Whether nothing more is to be done about a webhook by itself.
fn is_settled(state: InboxState) -> bool {
    !matches!(state, InboxState::Received | InboxState::Waiting)
}

/// Reads a row back.
pub(crate) fn entry_of(row: InboxRow) -> Result<InboxEntry, StoreError> {
    let id = InboxId::from(row.id);
    let bad = |column, why: &str| corrupt(TABLE, column, id, why);
    let company = match row.company_id {
        Some(text) => Some(CompanyId::try_new(text).map_err(|error| bad("company_id", &error.to_string()))?),
        None => None,
    };
    Ok(InboxEntry {
        company,
        entry: NewInboxEntry {
            id,
            provider: row.provider.parse().map_err(|_| bad("provider", "unknown provider"))?,
            kind: row.kind,
            event_key: row.event_key,
            match_key: row.match_key,
            state: row.state.parse().map_err(|()| bad("state", "unknown state"))?,
            reason: row.reason,
            path: row.path,
            query: row.query,
            content_type: row.content_type,
            proof: row.proof.read().map_err(|error| bad("proof", &error.to_string()))?,
            body: row.body,
            trace: row.trace,
            call: row.call_id.map(CallId),
            received_at: row.received_at.0,
        },
        duplicates: row.duplicates,
        processed_at: row.processed_at.map(|at| at.0),
    })
}

#[async_trait]
impl Inbox for SqlUnit {
    async fn store(&mut self, entry: &NewInboxEntry) -> Result<StoredArrival, StoreError> {
        let (conn, company) = self.parts();
        NewInboxRow::of(entry, Some(company)).store(conn).await
    }

    async fn store_new(&mut self, entry: &NewInboxEntry) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let insert = diesel::insert_into(webhook_inbox::table)
            .values(NewInboxRow::of(entry, Some(company)))
            .on_conflict(webhook_inbox::event_key)
            .do_nothing()
            .returning(webhook_inbox::id);
        match conn {
            Conn::Postgres(pg) => pg.ahead.add_arrival(insert),
            Conn::Sqlite(lite) => {
                let added = on_sqlite!(&mut *lite, "webhook_inbox.store_new", |c| {
                    insert.get_result::<DbId>(c).await.optional()
                })
                .map_err(fail(TABLE))?;
                lite.fate.repeated |= added.is_none();
            }
        }
        Ok(())
    }

    async fn find(&mut self, id: InboxId) -> Result<Option<InboxEntry>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<InboxRow> = find_locked!(
            conn,
            "webhook_inbox.find",
            webhook_inbox::table
                .filter(webhook_inbox::company_id.eq(company))
                .filter(webhook_inbox::id.eq(DbId::from(id)))
                .select(InboxRow::as_select())
        )
        .map_err(fail(TABLE))?;
        row.map(entry_of).transpose()
    }

    async fn settle(
        &mut self,
        id: InboxId,
        state: InboxState,
        reason: Option<&str>,
        call: Option<CallId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let target = webhook_inbox::table
            .filter(webhook_inbox::company_id.eq(company.to_owned()))
            .filter(webhook_inbox::id.eq(DbId::from(id)));
        let update = diesel::update(target).set((
            webhook_inbox::state.eq(state.as_str()),
            webhook_inbox::reason.eq(reason.map(str::to_owned)),
            webhook_inbox::call_id.eq(call.map(|call| call.0)),
            webhook_inbox::processed_at.eq(is_settled(state).then_some(DbTs(now))),
        ));
        later!(conn, "webhook_inbox.settle", TABLE, kept(update))
    }

    async fn take_waiting(&mut self, match_keys: &[String]) -> Result<Vec<InboxId>, StoreError> {
        let (conn, company) = self.parts();
        let ids: Vec<DbId> = on_db!(conn, "webhook_inbox.take_waiting", |c| {
            let update = diesel::update(
                webhook_inbox::table
                    .filter(webhook_inbox::company_id.eq(company))
                    .filter(WebhookWaiting)
                    .filter(webhook_inbox::match_key.eq_any(match_keys.iter().map(String::as_str))),
            )
            .set(webhook_inbox::state.eq(InboxState::Received.as_str()))
            .returning(webhook_inbox::id);
            kept(update).get_results(c).await
        })
        .map_err(fail(TABLE))?;
        Ok(ids.into_iter().map(InboxId::from).collect())
    }
}
