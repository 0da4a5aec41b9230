use std::collections::BTreeSet;

use ::calls::CallStage;
use app::{
    jobs::{CALL_KEY, FetchRecording, JobArgs, PollShunya, REQUEST_KEY, SubmitToShunya},
    ports::{LeftCall, LeftRequest, Sweeps},
};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, CompanyId, StoreError, Timestamp};
use uuid::Uuid;

use crate::{
    SqlSystem,
    db::{Conn, on_db},
    error::{corrupt, fail},
    kept::kept,
    literals::TaskWaiting,
    schema::tasks,
    types::{DbId, DbTs, Id, Ts, uuid_text},
};

/// No more overdue tasks than this are looked at for whose they are; the rest are found once these are marked.
const MOST_OVERDUE: i64 = 5_000;

fn company_of(table: &'static str, id: impl ToString, text: String) -> Result<CompanyId, StoreError> {
    CompanyId::try_new(text).map_err(|error| corrupt(table, "company_id", id, error))
}

#[derive(QueryableByName)]
struct CallRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    company_id: String,
    #[diesel(sql_type = Ts)]
    updated_at: DbTs,
}

#[derive(QueryableByName)]
struct RequestRow {
    #[diesel(sql_type = Id)]
    id: DbId,
    #[diesel(sql_type = Text)]
    company_id: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Ts)]
    updated_at: DbTs,
}

/// That no job of one kind and key is ready or running for the company of a row. Answered by the index that keeps such jobs unique.
pub(super) fn no_job(kind: &str, table: &str, key: &str) -> String {
    format!(
        "NOT EXISTS (SELECT 1 FROM jobs j WHERE j.kind = '{kind}' AND j.fairness_key = {table}.company_id \
         AND j.dedupe_key = {key} AND j.state IN ('ready', 'running'))"
    )
}

/// Calls in a stage that nothing will move, the one that lies longest first.
async fn left_calls(
    system: &SqlSystem,
    stage: CallStage,
    besides: &str,
    before: Timestamp,
    after: Option<&LeftCall>,
    limit: i64,
) -> Result<Vec<LeftCall>, StoreError> {
    let mut conn = system.db.reader().await?;
    // the list of stages is that of the index, which is only used for a condition spelled as its own
    let text = format!(
        "SELECT id, company_id, updated_at FROM calls \
         WHERE stage IN ('ringing', 'in_progress', 'awaiting_recording', 'fetching_recording', 'recorded', 'analysing') \
         AND stage = '{}' AND updated_at < $1 AND updated_at >= $2 AND (updated_at > $2 OR id > $3) AND {besides} \
         ORDER BY updated_at, id LIMIT $4",
        stage.as_str()
    );
    let (at, id) = after.map_or((Timestamp::UNIX_EPOCH, i64::MIN), |last| (last.touched_at, last.call.0));
    let rows: Vec<CallRow> = on_db!(&mut conn, "calls.unfinished", |c| {
        let query = diesel::sql_query(&text)
            .bind::<Ts, _>(DbTs(before))
            .bind::<Ts, _>(DbTs(at))
            .bind::<BigInt, _>(id)
            .bind::<BigInt, _>(limit);
        kept(query).load(c).await
    })
    .map_err(fail("calls"))?;
    rows.into_iter()
        .map(|row| {
            let company = company_of("calls", row.id, row.company_id)?;
            Ok(LeftCall { company, call: CallId(row.id), touched_at: row.updated_at.0 })
        })
        .collect()
}

#[async_trait]
impl Sweeps for SqlSystem {
    async fn unfetched_recordings(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        let key = format!("'{CALL_KEY}' || CAST(calls.id AS TEXT)");
        let besides = no_job(FetchRecording::KIND.name, "calls", &key);
        left_calls(self, CallStage::FetchingRecording, &besides, before, after, limit).await
    }

    async fn unrequested_analyses(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        let besides = "NOT EXISTS (SELECT 1 FROM shunya_jobs s WHERE s.company_id = calls.company_id \
                       AND s.call_id = calls.id)";
        left_calls(self, CallStage::Recorded, besides, before, after, limit).await
    }

    async fn unheard_recordings(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        left_calls(self, CallStage::AwaitingRecording, "true", before, after, limit).await
    }

    async fn unsettled_requests(
        &self,
        before: Timestamp,
        after: Option<&LeftRequest>,
        limit: i64,
    ) -> Result<Vec<LeftRequest>, StoreError> {
        let mut conn = self.db.reader().await?;
        let key =
            format!("'{REQUEST_KEY}' || {}", uuid_text(matches!(conn, Conn::Postgres(_)), "shunya_jobs.id"));
        let text = format!(
            "SELECT id, company_id, state, updated_at FROM shunya_jobs \
             WHERE state IN ('pending', 'running') AND updated_at < $1 AND updated_at >= $2 \
             AND (updated_at > $2 OR id > $3) AND {} AND {} ORDER BY updated_at, id LIMIT $4",
            no_job(SubmitToShunya::KIND.name, "shunya_jobs", &key),
            no_job(PollShunya::KIND.name, "shunya_jobs", &key),
        );
        let (at, id) =
            after.map_or((Timestamp::UNIX_EPOCH, Uuid::nil()), |last| (last.touched_at, last.request.0));
        let rows: Vec<RequestRow> = on_db!(&mut conn, "shunya_jobs.unsettled", |c| {
            let query = diesel::sql_query(&text)
                .bind::<Ts, _>(DbTs(before))
                .bind::<Ts, _>(DbTs(at))
                .bind::<Id, _>(DbId(id))
                .bind::<BigInt, _>(limit);
            kept(query).load(c).await
        })
        .map_err(fail("shunya_jobs"))?;
        rows.into_iter()
            .map(|row| {
                Ok(LeftRequest {
                    company: company_of("shunya_jobs", row.id.0, row.company_id)?,
                    request: row.id.into(),
                    is_confirmed: row.state != "pending",
                    touched_at: row.updated_at.0,
                })
            })
            .collect()
    }

    async fn overdue_tasks(&self, now: Timestamp) -> Result<Vec<CompanyId>, StoreError> {
        let mut conn = self.db.reader().await?;
        // told apart here: asked for distinct companies, SQLite would walk an index that has them in order, and all tasks
        let rows: Vec<String> = on_db!(&mut conn, "tasks.overdue", |c| {
            tasks::table
                .filter(TaskWaiting)
                .filter(tasks::due_at.lt(DbTs(now)))
                .order(tasks::due_at)
                .limit(MOST_OVERDUE)
                .select(tasks::company_id)
                .load(c)
                .await
        })
        .map_err(fail("tasks"))?;
        let companies: BTreeSet<String> = rows.into_iter().collect();
        companies.into_iter().map(|company| company_of("tasks", "?", company)).collect()
    }

    async fn delete_events(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        let old = "FROM events WHERE created_at < $1 ORDER BY created_at LIMIT $2";
        let text = format!("DELETE FROM events WHERE {}", conn.picks(old));
        on_db!(&mut conn, "events.delete", |c| {
            let delete = diesel::sql_query(&text).bind::<Ts, _>(DbTs(before)).bind::<BigInt, _>(limit);
            kept(delete).execute(c).await
        })
        .map_err(fail("events"))
    }
}
