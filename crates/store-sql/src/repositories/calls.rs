#![expect(clippy::ref_option_ref, reason = "in what diesel derives")]

use app::{
    ingest::IMPORTED,
    ports::{CallRepository, Recording, StoredCall},
};
use async_trait::async_trait;
use calls::{CallType, ProviderCallIds, RecordingState};
use diesel::{
    AsChangeset, CombineDsl, ExpressionMethods, Insertable, NullableExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, Selectable, SelectableHelper, TextExpressionMethods,
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, PhoneNumber, Provider, RecordingId, StoreError, Timestamp, UserId};

use crate::{
    db::{Conn, find_locked, later, on_db, on_postgres, on_sqlite},
    error::{corrupt, fail},
    kept::kept,
    schema::{call_outcomes, calls as calls_table, events, imported_calls, recordings, webhook_inbox},
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

const CALLS: &str = "calls";
const RECORDINGS: &str = "recordings";
const EVENTS: &str = "events";
const OUTCOMES: &str = "call_outcomes";

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls_table)]
struct CallRow {
    id: i64,
    provider: String,
    provider_call_id: String,
    provider_legacy_id: Option<String>,
    call_type: Option<String>,
    stage: String,
    owner_id: Option<String>,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    facts: DbDoc,
    problems: DbDoc,
    lead_quality: Option<String>,
    booking_status: Option<String>,
    analyzed_at: Option<DbTs>,
    created_at: DbTs,
    received_at: DbTs,
}

fn call_of(row: CallRow) -> Result<StoredCall, StoreError> {
    let id = row.id;
    let bad = |column, why: String| corrupt(CALLS, column, id, why);
    Ok(StoredCall {
        id: CallId(id),
        provider: row.provider.parse().map_err(|_| bad("provider", "unknown".into()))?,
        ids: ProviderCallIds { primary: row.provider_call_id, legacy: row.provider_legacy_id },
        facts: row.facts.read().map_err(|error| bad("facts", error.to_string()))?,
        problems: row.problems.read().map_err(|error| bad("problems", error.to_string()))?,
        stage: row.stage.parse().map_err(|()| bad("stage", "unknown".into()))?,
        call_type: match row.call_type.as_deref() {
            Some("csr_call") => Some(CallType::CsrCall),
            Some("sales_call") => Some(CallType::SalesCall),
            Some(_) => return Err(bad("call_type", "unknown".into())),
            None => None,
        },
        owner: match row.owner_id {
            Some(text) => Some(UserId::try_new(text).map_err(|error| bad("owner_id", error.to_string()))?),
            None => None,
        },
        contact: row.contact_card_id.map(Into::into),
        lead: row.lead_id.map(Into::into),
        lead_quality: row.lead_quality,
        booking_status: row.booking_status,
        analyzed_at: row.analyzed_at.map(|at| at.0),
        created_at: row.created_at.0,
        received_at: row.received_at.0,
    })
}

/// What an event or an analysis may change.
#[derive(AsChangeset, Insertable)]
#[diesel(table_name = calls_table, treat_none_as_null = true, treat_none_as_default_value = false)]
struct CallValues {
    provider_call_id: String,
    provider_legacy_id: Option<String>,
    direction: Option<&'static str>,
    call_type: Option<&'static str>,
    status: &'static str,
    stage: &'static str,
    missed: bool,
    phone_number: Option<String>,
    tracking_number: Option<String>,
    customer_name: Option<String>,
    owner_id: Option<String>,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    duration_seconds: Option<i32>,
    facts: DbDoc,
    problems: DbDoc,
    lead_quality: Option<String>,
    booking_status: Option<String>,
    analyzed_at: Option<DbTs>,
    created_at: DbTs,
    received_at: DbTs,
    updated_at: DbTs,
    customer_city: Option<String>,
    customer_state: Option<String>,
    campaign: Option<String>,
}

impl CallValues {
    fn of(call: &StoredCall, now: Timestamp) -> Self {
        let facts = &call.facts;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            provider_call_id: call.ids.primary.clone(),
            provider_legacy_id: call.ids.legacy.clone(),
            direction: facts.direction().map(calls::Direction::as_str),
            call_type: call.call_type.map(CallType::as_str),
            status: facts.status().as_str(),
            stage: call.stage.as_str(),
            missed: facts.is_missed(),
            phone_number: owned(facts.phone().map(kernel::PhoneNumber::as_str)),
            tracking_number: owned(facts.tracking_number().map(kernel::PhoneNumber::as_str)),
            customer_name: owned(facts.customer_name()),
            owner_id: owned(call.owner.as_ref().map(UserId::as_str)),
            contact_card_id: call.contact.map(DbId::from),
            lead_id: call.lead.map(DbId::from),
            duration_seconds: facts.duration_seconds(),
            facts: DbDoc::of(facts),
            problems: DbDoc::of(&call.problems),
            lead_quality: call.lead_quality.clone(),
            booking_status: call.booking_status.clone(),
            analyzed_at: call.analyzed_at.map(DbTs),
            created_at: DbTs(call.created_at),
            received_at: DbTs(call.received_at),
            updated_at: DbTs(now),
            customer_city: owned(facts.customer_city()),
            customer_state: owned(facts.customer_state()),
            campaign: owned(facts.campaign()),
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = recordings)]
struct RecordingRow {
    id: DbId,
    call_id: i64,
    provider: String,
    provider_recording_id: Option<String>,
    state: String,
    blob_key: Option<String>,
    content_type: Option<String>,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    duration_seconds: Option<i32>,
    error: Option<String>,
}

fn recording_of(row: RecordingRow) -> Result<Recording, StoreError> {
    let id = RecordingId::from(row.id);
    let bad = |column| corrupt(RECORDINGS, column, id, "unknown");
    Ok(Recording {
        id,
        call: CallId(row.call_id),
        provider: row.provider.parse().map_err(|_| bad("provider"))?,
        provider_recording_id: row.provider_recording_id,
        state: match row.state.as_str() {
            "pending" => RecordingState::Pending,
            "stored" => RecordingState::Stored,
            "failed" => RecordingState::Failed,
            "absent" => RecordingState::Absent,
            _ => return Err(bad("state")),
        },
        blob_key: row.blob_key,
        content_type: row.content_type,
        size_bytes: row.size_bytes,
        sha256: row.sha256,
        duration_seconds: row.duration_seconds,
        error: row.error,
    })
}

#[derive(AsChangeset, Insertable)]
#[diesel(table_name = recordings, treat_none_as_null = true, treat_none_as_default_value = false)]
struct RecordingValues {
    provider_recording_id: Option<String>,
    state: &'static str,
    blob_key: Option<String>,
    content_type: Option<String>,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    duration_seconds: Option<i32>,
    error: Option<String>,
    updated_at: DbTs,
}

impl RecordingValues {
    fn of(recording: &Recording, now: Timestamp) -> Self {
        Self {
            provider_recording_id: recording.provider_recording_id.clone(),
            state: recording.state.as_str(),
            blob_key: recording.blob_key.clone(),
            content_type: recording.content_type.clone(),
            size_bytes: recording.size_bytes,
            sha256: recording.sha256.clone(),
            duration_seconds: recording.duration_seconds,
            error: recording.error.clone(),
            updated_at: DbTs(now),
        }
    }
}

/// The row of a call that is new.
macro_rules! new_row {
    ($number:expr, $company:expr, $call:expr, $now:expr) => {
        (
            calls_table::id.eq($number),
            calls_table::company_id.eq($company.to_owned()),
            calls_table::provider.eq($call.provider.as_str()),
            CallValues::of($call, $now),
        )
    };
}

#[async_trait]
impl CallRepository for SqlUnit {
    async fn find_by_provider(
        &mut self,
        provider: Provider,
        ids: &ProviderCallIds,
    ) -> Result<Option<StoredCall>, StoreError> {
        let (conn, company) = self.parts();
        let other = ids.legacy.as_deref().unwrap_or(&ids.primary);
        // by one index and by the other: for one condition about both, SQLite would look through all the tenant's calls. Name
        // by name: for a list of them PostgreSQL guesses ten, and plans anew every time rather than keep so dear a plan
        let (new, old) = diesel::alias!(calls_table as by_name, calls_table as by_old_name);
        let by_name = |name| {
            new.filter(new.field(calls_table::company_id).eq(company))
                .filter(new.field(calls_table::provider).eq(provider.as_str()))
                .filter(new.field(calls_table::provider_call_id).eq(name))
                .select(new.field(calls_table::id))
        };
        let by_old_name = |name| {
            old.filter(old.field(calls_table::company_id).eq(company))
                .filter(old.field(calls_table::provider).eq(provider.as_str()))
                .filter(old.field(calls_table::provider_legacy_id).eq(name).assume_not_null())
                .select(old.field(calls_table::id))
        };
        let choice = by_name(ids.primary.as_str())
            .union_all(by_name(other))
            .union_all(by_old_name(ids.primary.as_str()))
            .union_all(by_old_name(other));
        // a call that bears the name itself goes before one that bears it as its old name
        let order = (calls_table::provider_call_id.ne(ids.primary.as_str()), calls_table::id);
        let row: Option<CallRow> = match conn {
            // as an array: `id IN (SELECT …)` is a join, and over a table that was small when the plan was made, one that
            // looks through all of it
            Conn::Postgres(pg) => on_postgres!(pg, "calls.find_by_provider", |c| {
                let found = calls_table::table.filter(calls_table::id.eq_any(diesel::dsl::array(choice)));
                let found = found.order(order).limit(1).select(CallRow::as_select()).for_no_key_update();
                found.get_result(c).await.optional()
            }),
            Conn::Sqlite(lite) => on_sqlite!(lite, "calls.find_by_provider", |c| {
                let found = calls_table::table.filter(calls_table::id.eq_any(choice));
                found.order(order).limit(1).select(CallRow::as_select()).get_result(c).await.optional()
            }),
        }
        .map_err(fail(CALLS))?;
        row.map(call_of).transpose()
    }

    async fn named(&mut self, provider: Provider, names: &[&str]) -> Result<Vec<StoredCall>, StoreError> {
        let (conn, company) = self.parts();
        let rows: Vec<CallRow> = on_db!(conn, "calls.named", |c| {
            calls_table::table
                .filter(calls_table::company_id.eq(company))
                .filter(calls_table::provider.eq(provider.as_str()))
                .filter(calls_table::provider_call_id.eq_any(names.iter().copied()))
                .select(CallRow::as_select())
                .load(c)
                .await
        })
        .map_err(fail(CALLS))?;
        rows.into_iter().map(call_of).collect()
    }

    async fn find(&mut self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<CallRow> = find_locked!(
            conn,
            "calls.find",
            calls_table::table
                .filter(calls_table::company_id.eq(company))
                .filter(calls_table::id.eq(id.0))
                .select(CallRow::as_select())
        )
        .map_err(fail(CALLS))?;
        row.map(call_of).transpose()
    }

    async fn find_imported(
        &mut self,
        provider: Provider,
        phone: &PhoneNumber,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<StoredCall>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<CallRow> = find_locked!(
            conn,
            "calls.find_imported",
            calls_table::table
                .filter(calls_table::company_id.eq(company))
                .filter(calls_table::phone_number.eq(phone.as_str()))
                .filter(calls_table::provider.eq(provider.as_str()))
                .filter(calls_table::provider_call_id.like(format!("{IMPORTED}%")))
                .filter(calls_table::created_at.between(DbTs(from), DbTs(until)))
                // few of one number; in this order SQLite would rather walk all the tenant's calls
                .order((calls_table::phone_number, calls_table::created_at, calls_table::id))
                .limit(1)
                .select(CallRow::as_select())
        )
        .map_err(fail(CALLS))?;
        row.map(call_of).transpose()
    }

    async fn insert(&mut self, call: &StoredCall, now: Timestamp) -> Result<Option<CallId>, StoreError> {
        let numbers = self.numbers.clone();
        let (conn, company) = self.parts();
        let number = numbers.next(conn).await?;
        let row = new_row!(number, company, call, now);
        let added = on_db!(conn, "calls.insert", |c| {
            let insert = diesel::insert_into(calls_table::table).values(row);
            kept(insert.on_conflict_do_nothing()).execute(c).await
        })
        .map_err(fail(CALLS))?;
        Ok((added > 0).then_some(CallId(number)))
    }

    async fn insert_new(&mut self, call: &StoredCall, now: Timestamp) -> Result<CallId, StoreError> {
        let numbers = self.numbers.clone();
        let (conn, company) = self.parts();
        let number = numbers.next(conn).await?;
        let row = new_row!(number, company, call, now);
        later!(conn, "calls.insert_new", CALLS, kept(diesel::insert_into(calls_table::table).values(row)))?;
        Ok(CallId(number))
    }

    async fn save(&mut self, call: &StoredCall, now: Timestamp) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let target = calls_table::table
            .filter(calls_table::company_id.eq(company))
            .filter(calls_table::id.eq(call.id.0));
        on_db!(conn, "calls.save", |c| kept(diesel::update(target).set(CallValues::of(call, now)))
            .execute(c)
            .await)
        .map_err(fail(CALLS))?;
        Ok(())
    }

    async fn unite(
        &mut self,
        kept: CallId,
        gone: CallId,
        event_keys: &[(String, String)],
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        for (old, new) in event_keys {
            let of = |key: &str| {
                events::table
                    .filter(events::company_id.eq(company))
                    .filter(events::event_key.eq(key.to_owned()))
            };
            let told: i64 =
                on_db!(conn, "events.told", |c| of(new).count().get_result(c).await).map_err(fail(EVENTS))?;
            if told > 0 {
                on_db!(conn, "events.forget", |c| diesel::delete(of(old)).execute(c).await)
                    .map_err(fail(EVENTS))?;
            } else {
                let renamed = (events::event_key.eq(new), events::call_id.eq(Some(kept.0)));
                on_db!(conn, "events.rename", |c| diesel::update(of(old)).set(renamed).execute(c).await)
                    .map_err(fail(EVENTS))?;
            }
        }
        on_db!(conn, "webhook_inbox.reunite", |c| {
            let received = webhook_inbox::table
                .filter(webhook_inbox::company_id.eq(company))
                .filter(webhook_inbox::call_id.eq(gone.0));
            diesel::update(received).set(webhook_inbox::call_id.eq(Some(kept.0))).execute(c).await
        })
        .map_err(fail("webhook_inbox"))?;
        let outcome = |of: CallId| {
            call_outcomes::table
                .filter(call_outcomes::company_id.eq(company))
                .filter(call_outcomes::call_id.eq(of.0))
        };
        let entered: i64 =
            on_db!(conn, "call_outcomes.entered", |c| outcome(kept).count().get_result(c).await)
                .map_err(fail(OUTCOMES))?;
        if entered > 0 {
            on_db!(conn, "call_outcomes.forget", |c| diesel::delete(outcome(gone)).execute(c).await)
                .map_err(fail(OUTCOMES))?;
        } else {
            let moved = call_outcomes::call_id.eq(kept.0);
            on_db!(conn, "call_outcomes.move", |c| diesel::update(outcome(gone)).set(moved).execute(c).await)
                .map_err(fail(OUTCOMES))?;
        }
        on_db!(conn, "imported_calls.reunite", |c| {
            let imported = imported_calls::table
                .filter(imported_calls::company_id.eq(company))
                .filter(imported_calls::call_id.eq(gone.0));
            diesel::update(imported).set(imported_calls::call_id.eq(kept.0)).execute(c).await
        })
        .map_err(fail("imported_calls"))?;
        on_db!(conn, "recordings.forget", |c| {
            let recording = recordings::table
                .filter(recordings::company_id.eq(company))
                .filter(recordings::call_id.eq(gone.0));
            diesel::delete(recording).execute(c).await
        })
        .map_err(fail(RECORDINGS))?;
        on_db!(conn, "calls.forget", |c| {
            let call = calls_table::table
                .filter(calls_table::company_id.eq(company))
                .filter(calls_table::id.eq(gone.0));
            diesel::delete(call).execute(c).await
        })
        .map_err(fail(CALLS))?;
        Ok(())
    }

    async fn recording(&mut self, call: CallId) -> Result<Option<Recording>, StoreError> {
        let (conn, company) = self.parts();
        let row: Option<RecordingRow> = on_db!(conn, "recordings.find", |c| {
            recordings::table
                .filter(recordings::company_id.eq(company))
                .filter(recordings::call_id.eq(call.0))
                .select(RecordingRow::as_select())
                .get_result(c)
                .await
                .optional()
        })
        .map_err(fail(RECORDINGS))?;
        row.map(recording_of).transpose()
    }

    async fn save_recording(&mut self, recording: &Recording, now: Timestamp) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let row = (
            recordings::id.eq(DbId::from(recording.id)),
            recordings::company_id.eq(company.to_owned()),
            recordings::call_id.eq(recording.call.0),
            recordings::provider.eq(recording.provider.as_str()),
            recordings::created_at.eq(DbTs(now)),
            RecordingValues::of(recording, now),
        );
        let changes = RecordingValues::of(recording, now);
        later!(
            conn,
            "recordings.save",
            RECORDINGS,
            kept(
                diesel::insert_into(recordings::table)
                    .values(row)
                    .on_conflict((recordings::company_id, recordings::call_id))
                    .do_update()
                    .set(changes)
            )
        )
    }
}
