use ::calls::CallStage;
use std::collections::BTreeSet;

use app::ports::{Sweeps, Unfinished};
use async_trait::async_trait;
use diesel::{ExpressionMethods, QueryDsl, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use kernel::{CallId, CompanyId, StoreError, Timestamp};

use crate::{
    SqlSystem,
    db::on_db,
    error::{corrupt, fail},
    kept::kept,
    literals::{CallUnfinished, RequestOpen, TaskWaiting},
    schema::{calls, shunya_jobs, tasks},
    types::{DbId, DbTs, Ts},
};

/// No more overdue tasks than this are looked at for whose they are; the rest are found once these are marked.
const MOST_OVERDUE: i64 = 5_000;

fn company_of(table: &'static str, id: impl ToString, text: String) -> Result<CompanyId, StoreError> {
    CompanyId::try_new(text).map_err(|error| corrupt(table, "company_id", id, error))
}

#[async_trait]
impl Sweeps for SqlSystem {
    async fn unfinished_calls(&self, before: Timestamp, limit: i64) -> Result<Vec<Unfinished>, StoreError> {
        let mut conn = self.db.reader().await?;
        let mut left = Vec::new();
        // each stage has its own share, so that many of one sort do not hide the others
        for stage in [CallStage::FetchingRecording, CallStage::Recorded, CallStage::AwaitingRecording] {
            let rows: Vec<(i64, String)> = on_db!(&mut conn, "calls.unfinished", |c| {
                calls::table
                    .filter(CallUnfinished)
                    .filter(calls::stage.eq(stage.as_str()))
                    .filter(calls::updated_at.lt(DbTs(before)))
                    .order(calls::updated_at)
                    .limit(limit)
                    .select((calls::id, calls::company_id))
                    .load(c)
                    .await
            })
            .map_err(fail("calls"))?;
            for (id, company) in rows {
                let company = company_of("calls", id, company)?;
                left.push(match stage {
                    CallStage::FetchingRecording => Unfinished::Recording(company, CallId(id)),
                    CallStage::Recorded => Unfinished::Unsubmitted(company, CallId(id)),
                    _ => Unfinished::AwaitingRecording(company, CallId(id)),
                });
            }
        }
        Ok(left)
    }

    async fn unsettled_requests(&self, before: Timestamp, limit: i64) -> Result<Vec<Unfinished>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<(DbId, String, String)> = on_db!(&mut conn, "shunya_jobs.unsettled", |c| {
            shunya_jobs::table
                .filter(RequestOpen)
                .filter(shunya_jobs::updated_at.lt(DbTs(before)))
                .order(shunya_jobs::updated_at)
                .limit(limit)
                .select((shunya_jobs::id, shunya_jobs::company_id, shunya_jobs::state))
                .load(c)
                .await
        })
        .map_err(fail("shunya_jobs"))?;
        rows.into_iter()
            .map(|(id, company, state)| {
                let company = company_of("shunya_jobs", id.0, company)?;
                Ok(match state.as_str() {
                    "pending" => Unfinished::Unconfirmed(company, id.into()),
                    _ => Unfinished::Unsettled(company, id.into()),
                })
            })
            .collect()
    }

    async fn overdue_tasks(&self, now: Timestamp) -> Result<Vec<Unfinished>, StoreError> {
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
        companies
            .into_iter()
            .map(|company| company_of("tasks", "?", company).map(Unfinished::OverdueTasks))
            .collect()
    }

    async fn delete_events(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        let text = "DELETE FROM events WHERE id IN \
                    (SELECT id FROM events WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
        on_db!(&mut conn, "events.delete", |c| {
            let delete = diesel::sql_query(text).bind::<Ts, _>(DbTs(before)).bind::<BigInt, _>(limit);
            kept(delete).execute(c).await
        })
        .map_err(fail("events"))
    }
}
