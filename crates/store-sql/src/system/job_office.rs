use app::ports::{JobFilter, JobLine, JobOffice, QueueDepth, ReplayOutcome};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName, SelectableHelper,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{JobId, StoreError, Timestamp};

use crate::{
    SqlSystem,
    db::on_db,
    error::{corrupt, fail},
    kept::kept,
    repositories::{JobRow, cancel_job, retry_job},
    schema::{jobs, schedule_slots},
    types::{DbId, DbTs, Ts},
};

const TABLE: &str = "jobs";

#[derive(QueryableByName)]
pub(crate) struct DepthRow {
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Ts>)]
    oldest: Option<DbTs>,
}

impl DepthRow {
    pub(crate) fn into_depth(self) -> Result<QueueDepth, StoreError> {
        let state = self.state.parse().map_err(|()| corrupt(TABLE, "state", &self.queue, "unknown state"))?;
        Ok(QueueDepth { queue: self.queue, state, count: self.count, oldest: self.oldest.map(|at| at.0) })
    }
}

#[async_trait]
impl JobOffice for SqlSystem {
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobLine>, StoreError> {
        let mut conn = self.db.reader().await?;
        let rows: Vec<JobRow> = on_db!(&mut conn, "jobs.list", |c| {
            let mut query = jobs::table
                .order(jobs::id.desc())
                .limit(filter.limit)
                .select(JobRow::as_select())
                .into_boxed();
            if let Some(queue) = filter.queue {
                query = query.filter(jobs::queue.eq(queue.as_str()));
            }
            if let Some(state) = filter.state {
                query = query.filter(jobs::state.eq(state.as_str()));
            }
            if let Some(kind) = &filter.kind {
                query = query.filter(jobs::kind.eq(kind));
            }
            if let Some(company) = &filter.company {
                query = query.filter(jobs::company_id.eq(company.as_str()));
            }
            if let Some(before) = filter.before {
                query = query.filter(jobs::id.lt(DbId::from(before)));
            }
            query.load(c).await
        })
        .map_err(fail(TABLE))?;
        rows.into_iter().map(JobRow::into_line).collect()
    }

    async fn find(&self, id: JobId) -> Result<Option<JobLine>, StoreError> {
        let mut conn = self.db.reader().await?;
        let row: Option<JobRow> = on_db!(&mut conn, "jobs.look_up", |c| {
            let found = jobs::table.find(DbId::from(id)).select(JobRow::as_select()).get_result(c).await;
            diesel::OptionalExtension::optional(found)
        })
        .map_err(fail(TABLE))?;
        row.map(JobRow::into_line).transpose()
    }

    async fn retry(&self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        retry_job(&mut self.db.writer().await?, None, id, now).await
    }

    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        cancel_job(&mut self.db.writer().await?, None, id, now).await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError> {
        let mut conn = self.db.reader().await?;
        // what is done is not counted: there may be millions, and nobody waits for them. Each state has an index of its
        // own, which one query over several states could not use
        let text = "SELECT queue, 'dead' AS state, count(*) AS count, min(run_at) AS oldest \
                    FROM jobs WHERE state = 'dead' GROUP BY queue \
                    UNION ALL SELECT queue, 'ready', count(*), min(run_at) \
                    FROM jobs WHERE state = 'ready' GROUP BY queue \
                    UNION ALL SELECT queue, 'running', count(*), min(started_at) \
                    FROM jobs WHERE state = 'running' GROUP BY queue \
                    ORDER BY queue, state";
        let rows: Vec<DepthRow> =
            on_db!(&mut conn, "jobs.depths", |c| kept(diesel::sql_query(text)).load(c).await)
                .map_err(fail(TABLE))?;
        rows.into_iter().map(DepthRow::into_depth).collect()
    }

    async fn delete_finished(
        &self,
        before: Timestamp,
        dead_before: Timestamp,
        limit: i64,
    ) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        let mut deleted = 0;
        // each sort has an index of its own
        for (states, before) in [("IN ('done', 'cancelled')", before), ("= 'dead'", dead_before)] {
            let old =
                format!("FROM jobs WHERE state {states} AND finished_at < $1 ORDER BY finished_at LIMIT $2");
            let text = format!("DELETE FROM jobs WHERE {}", conn.picks(&old));
            deleted += on_db!(&mut conn, "jobs.delete_finished", |c| {
                let query = diesel::sql_query(&text).bind::<Ts, _>(DbTs(before)).bind::<BigInt, _>(limit);
                kept(query).execute(c).await
            })
            .map_err(fail(TABLE))?;
        }
        Ok(deleted)
    }

    async fn delete_slots(&self, before: Timestamp) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        on_db!(&mut conn, "schedule_slots.delete", |c| {
            diesel::delete(schedule_slots::table.filter(schedule_slots::begins_at.lt(DbTs(before))))
                .execute(c)
                .await
        })
        .map_err(fail("schedule_slots"))
    }
}
