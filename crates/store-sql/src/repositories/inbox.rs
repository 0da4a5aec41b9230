#![expect(clippy::ref_option_ref, reason = "in what diesel derives")]

use app::ports::{Inbox, InboxEntry, NewInboxEntry, StoredArrival};
use async_trait::async_trait;
use diesel::{ExpressionMethods, Insertable, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use idempotency::{Arrival, InboxState};
use kernel::{CallId, CompanyId, InboxId, StoreError, Timestamp};

use crate::{
    db::{Conn, find_locked, later, on_db},
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
pub(crate) struct NewInboxRow<'a> {
    id: DbId,
    company_id: Option<&'a str>,
    provider: &'a str,
    kind: &'a str,
    event_key: &'a str,
    match_key: Option<&'a str>,
    state: &'a str,
    reason: Option<&'a str>,
    path: &'a str,
    query: &'a str,
    content_type: Option<&'a str>,
    proof: DbDoc,
    body: &'a [u8],
    trace: Option<&'a str>,
    received_at: DbTs,
    processed_at: Option<DbTs>,
}

impl<'a> NewInboxRow<'a> {
    pub(crate) fn of(entry: &'a NewInboxEntry, company: Option<&'a str>) -> Self {
        Self {
            id: entry.id.into(),
            company_id: company,
            provider: entry.provider.as_str(),
            kind: &entry.kind,
            event_key: &entry.event_key,
            match_key: entry.match_key.as_deref(),
            state: entry.state.as_str(),
            reason: entry.reason.as_deref(),
            path: &entry.path,
            query: &entry.query,
            content_type: entry.content_type.as_deref(),
            proof: DbDoc::of(&entry.proof),
            body: &entry.body,
            trace: entry.trace.as_deref(),
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
            received_at: row.received_at.0,
        },
        call: row.call_id.map(CallId),
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
        let (company, reason) = (company.to_owned(), reason.map(str::to_owned));
        later!(conn, "webhook_inbox.settle", TABLE, |c| {
            let target = webhook_inbox::table
                .filter(webhook_inbox::company_id.eq(company))
                .filter(webhook_inbox::id.eq(DbId::from(id)));
            let update = diesel::update(target).set((
                webhook_inbox::state.eq(state.as_str()),
                webhook_inbox::reason.eq(reason),
                webhook_inbox::call_id.eq(call.map(|call| call.0)),
                webhook_inbox::processed_at.eq(is_settled(state).then_some(DbTs(now))),
            ));
            kept(update).execute(c).await
        })
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
