use app::ports::{InboxDepth, Tallies};
use async_trait::async_trait;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{StoreError, Timestamp};

use crate::{
    SqlSystem,
    db::on_db,
    error::{corrupt, fail},
    kept::kept,
    types::{DbTs, Ts},
};

const INBOX: &str = "webhook_inbox";

#[derive(QueryableByName)]
struct InboxDepthRow {
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Ts>)]
    oldest: Option<DbTs>,
}

#[derive(QueryableByName)]
struct SlotRow {
    #[diesel(sql_type = Text)]
    schedule: String,
    #[diesel(sql_type = Ts)]
    begins: DbTs,
}

#[async_trait]
impl Tallies for SqlSystem {
    async fn open_webhooks(&self) -> Result<Vec<InboxDepth>, StoreError> {
        let mut conn = self.db.reader().await?;
        // counted in the index `webhook_inbox_unapplied` alone, which is why its condition is spelled out; the oldest is the one
        // with the smallest id, found without looking at the others
        let of = |state: &str| {
            let these = format!("FROM webhook_inbox WHERE state <> 'applied' AND state = '{state}'");
            format!(
                "SELECT '{state}' AS state, (SELECT count(*) {these}) AS count, \
                 (SELECT received_at {these} ORDER BY id LIMIT 1) AS oldest"
            )
        };
        let text = ["received", "waiting", "quarantined"].map(of).join(" UNION ALL ");
        let rows: Vec<InboxDepthRow> =
            on_db!(&mut conn, "webhook_inbox.count_open", |c| kept(diesel::sql_query(&text)).load(c).await)
                .map_err(fail(INBOX))?;
        let depth = |row: InboxDepthRow| {
            let state =
                row.state.parse().map_err(|()| corrupt(INBOX, "state", &row.state, "unknown state"))?;
            Ok(InboxDepth { state, count: row.count, oldest: row.oldest.map(|at| at.0) })
        };
        rows.into_iter().map(depth).collect()
    }

    async fn newest_slots(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let mut conn = self.db.reader().await?;
        let text = "SELECT schedule, max(begins_at) AS begins FROM schedule_slots GROUP BY schedule ORDER BY schedule";
        let rows: Vec<SlotRow> =
            on_db!(&mut conn, "schedule_slots.newest", |c| kept(diesel::sql_query(text)).load(c).await)
                .map_err(fail("schedule_slots"))?;
        Ok(rows.into_iter().map(|row| (row.schedule, row.begins.0)).collect())
    }
}
