//! Claiming, renewing and ending jobs.

use std::{
    cmp::Reverse,
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app::ports::{Claim, JobClaims, Release, Renewal, SlotJob};
use async_trait::async_trait;
use diesel::{
    ExpressionMethods, IntoSql, QueryDsl, QueryableByName,
    dsl::case_when,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{CompanyId, JobId, StoreError, Timestamp};
use queue::{ClaimedJob, JobState, Lease, Queue};

use super::SystemUnit;
use crate::{
    SqlSystem,
    db::{Conn, on_db, on_postgres, on_sqlite},
    error::{corrupt, fail},
    kept::kept,
    literals::JobReady,
    repositories::insert_job,
    schema::{jobs, schedule_slots},
    types::{DbDoc, DbId, DbTs, Doc, Id, Ts},
    unit::{begin, commit},
};

const TABLE: &str = "jobs";

/// Which jobs a claim takes, on PostgreSQL.
///
/// `oldest` is as many of the oldest due jobs as are ever looked at; mostly that is all of them. Only if there are more,
/// some tenant may have all its jobs behind another's backlog: then `keys` walks the index from tenant to tenant without
/// reading their jobs, and `due` adds a few of each tenant and priority. It walks over at most 256 tenants, or four for
/// each job wanted, so that a claim costs the same with ten thousand tenants; the next claim goes on behind them. `turns`
/// gives each job its turn, counting what its tenant has running already; only the jobs finally picked are locked, and
/// those another claimer is just taking are skipped.
const CLAIM_POSTGRES: &str = "
WITH RECURSIVE oldest AS MATERIALIZED (
    SELECT id, fairness_key, priority, run_at FROM jobs
    WHERE queue = $1 AND state = 'ready' AND run_at <= $2
    ORDER BY run_at LIMIT $3 + 256
),
keys (fairness_key, place) AS (
    SELECT CASE WHEN (SELECT count(*) FROM oldest) >= $3 + 256
                THEN (SELECT min(fairness_key) FROM jobs WHERE queue = $1 AND state = 'ready' AND fairness_key >= $7) END, 1
    UNION ALL
    SELECT (SELECT min(j.fairness_key) FROM jobs j
            WHERE j.queue = $1 AND j.state = 'ready' AND j.fairness_key > k.fairness_key), k.place + 1
    FROM keys k WHERE k.fairness_key IS NOT NULL AND k.place < greatest(256, 4 * $3)
),
share AS (SELECT greatest(2, 2 * $3 / greatest(1, count(fairness_key)) + 1) AS most FROM keys),
due AS (
    SELECT id, fairness_key, priority, run_at FROM oldest
    UNION
    SELECT c.id, c.fairness_key, c.priority, c.run_at
    FROM keys k
    CROSS JOIN (VALUES (20::smallint), (10::smallint), (0::smallint)) AS p (priority)
    CROSS JOIN LATERAL (
        SELECT j.id, j.fairness_key, j.priority, j.run_at FROM jobs j
        WHERE j.queue = $1 AND j.state = 'ready' AND j.fairness_key = k.fairness_key
          AND j.priority = p.priority AND j.run_at <= $2
        ORDER BY j.run_at, j.id LIMIT (SELECT most FROM share)
    ) c
    WHERE k.fairness_key IS NOT NULL
),
busy AS (
    SELECT fairness_key, count(*) AS running FROM jobs WHERE queue = $1 AND state = 'running' GROUP BY fairness_key
),
turns AS (
    SELECT d.id, d.priority, d.run_at, coalesce(b.running, 0)
           + row_number() OVER (PARTITION BY d.fairness_key ORDER BY d.priority DESC, d.run_at, d.id) AS turn
    FROM due d LEFT JOIN busy b ON b.fairness_key = d.fairness_key
),
picked AS (
    SELECT j.id, t.turn FROM jobs j
    JOIN (SELECT id, turn, priority, run_at FROM turns ORDER BY turn, priority DESC, run_at, id LIMIT $3 * 4) t
      ON t.id = j.id
    -- looked at again under the lock: it may have been taken, done and put back for later since
    WHERE j.state = 'ready' AND j.run_at <= $2
    ORDER BY t.turn, t.priority DESC, t.run_at, j.id
    LIMIT $3
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = $4, lease_until = $5, worker = $6,
                started_at = $2
FROM picked WHERE jobs.id = picked.id
RETURNING jobs.id, jobs.company_id, jobs.kind, jobs.args, jobs.attempts, jobs.snoozes, jobs.trace,
          picked.turn, jobs.priority, jobs.run_at,
          (SELECT CASE WHEN count(fairness_key) >= greatest(256, 4 * $3) THEN max(fairness_key) END FROM keys) AS walked_to";

/// The same on SQLite, which has one writer at a time and so nothing to lock. It walks over all tenants: one file never has
/// thousands. It does not tell turns, which cannot be returned there: of different tenants' jobs the older begins first.
const CLAIM_SQLITE: &str = "
WITH RECURSIVE oldest AS MATERIALIZED (
    SELECT id, fairness_key, priority, run_at FROM jobs
    WHERE queue = ?1 AND state = 'ready' AND run_at <= ?2
    ORDER BY run_at LIMIT ?3 + 256
),
keys (fairness_key) AS (
    SELECT CASE WHEN (SELECT count(*) FROM oldest) >= ?3 + 256
                THEN (SELECT min(fairness_key) FROM jobs WHERE queue = ?1 AND state = 'ready' AND fairness_key >= ?7) END
    UNION ALL
    SELECT (SELECT min(j.fairness_key) FROM jobs j
            WHERE j.queue = ?1 AND j.state = 'ready' AND j.fairness_key > k.fairness_key)
    FROM keys k WHERE k.fairness_key IS NOT NULL
),
share AS MATERIALIZED (SELECT max(2, 2 * ?3 / max(1, count(fairness_key)) + 1) AS most FROM keys),
due AS (
    SELECT id, fairness_key, priority, run_at FROM oldest
    UNION
    SELECT j.id, j.fairness_key, j.priority, j.run_at
    FROM keys k
    CROSS JOIN (SELECT 20 AS priority UNION ALL SELECT 10 UNION ALL SELECT 0) p
    CROSS JOIN jobs j ON j.id IN (
        SELECT i.id FROM jobs i
        WHERE i.queue = ?1 AND i.state = 'ready' AND i.fairness_key = k.fairness_key
          AND i.priority = p.priority AND i.run_at <= ?2
        ORDER BY i.run_at, i.id LIMIT (SELECT most FROM share)
    )
    WHERE k.fairness_key IS NOT NULL
),
busy AS MATERIALIZED (
    SELECT fairness_key, count(*) AS running FROM jobs WHERE queue = ?1 AND state = 'running' GROUP BY fairness_key
),
turns AS (
    SELECT d.id, d.priority, d.run_at, coalesce(b.running, 0)
           + row_number() OVER (PARTITION BY d.fairness_key ORDER BY d.priority DESC, d.run_at, d.id) AS turn
    FROM due d LEFT JOIN busy b ON b.fairness_key = d.fairness_key
)
UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_token = ?4, lease_until = ?5, worker = ?6,
                started_at = ?2
WHERE id IN (SELECT id FROM turns ORDER BY turn, priority DESC, run_at, id LIMIT ?3)
RETURNING id, company_id, kind, args, attempts, snoozes, trace, 0 AS turn, priority, run_at, NULL AS walked_to";

/// The jobs whose leases are still the newest, locked in the order of their ids, on PostgreSQL. `$1` are jobs, `$2` their
/// leases' tokens.
///
/// Each row is looked up by its id alone, in a choice that cannot be made into a join: whatever the statistics say, neither
/// the table nor an index of what runs is read whole. State and token are looked at under the lock.
macro_rules! holding {
    ($change:literal) => {
        concat!(
            "WITH held AS MATERIALIZED (
    SELECT j.id
    FROM (SELECT id, token FROM unnest($1, $2) AS given (id, token) ORDER BY id) l
    CROSS JOIN LATERAL (
        SELECT id, state, lease_token FROM jobs WHERE jobs.id = l.id LIMIT 1 FOR NO KEY UPDATE
    ) j
    WHERE j.state = 'running' AND j.lease_token = l.token
)
",
            $change
        )
    };
}

const RENEW_POSTGRES: &str = holding!(
    "UPDATE jobs SET lease_until = $3 FROM held WHERE jobs.id = held.id RETURNING jobs.id, jobs.cancel_requested"
);

/// One that somebody called off has done nothing, and can be tried again.
const FINISH_POSTGRES: &str = holding!(
    "UPDATE jobs SET state = CASE WHEN jobs.cancel_requested THEN 'cancelled' ELSE 'done' END, finished_at = $3,
                lease_token = NULL, lease_until = NULL, cancel_requested = false, last_error = NULL
FROM held WHERE jobs.id = held.id"
);

#[derive(QueryableByName)]
struct RenewedRow {
    #[diesel(sql_type = Id)]
    id: DbId,
    #[diesel(sql_type = Bool)]
    cancel_requested: bool,
}

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Id)]
    id: DbId,
    #[diesel(sql_type = Nullable<Text>)]
    company_id: Option<String>,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Doc)]
    args: DbDoc,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    snoozes: i32,
    #[diesel(sql_type = Nullable<Text>)]
    trace: Option<String>,
    #[diesel(sql_type = BigInt)]
    turn: i64,
    #[diesel(sql_type = SmallInt)]
    priority: i16,
    #[diesel(sql_type = Ts)]
    run_at: DbTs,
    /// The last tenant looked at, if there are more.
    #[diesel(sql_type = Nullable<Text>)]
    walked_to: Option<String>,
}

fn claimed_of(row: ClaimedRow, claim: &Claim<'_>) -> Result<ClaimedJob, StoreError> {
    let job = row.id.into();
    let company = match row.company_id {
        Some(text) => {
            Some(CompanyId::try_new(text).map_err(|error| corrupt(TABLE, "company_id", job, error))?)
        }
        None => None,
    };
    Ok(ClaimedJob {
        lease: Lease { job, token: claim.token },
        company,
        kind: row.kind,
        args: row.args.0,
        attempt: u32::try_from(row.attempts).unwrap_or(1),
        snoozes: u32::try_from(row.snoozes).unwrap_or_default(),
        trace: row.trace,
    })
}

/// Where the walks over each queue's tenants ended. Each process has its own: all that matters is that they go on.
#[derive(Debug, Default)]
pub(crate) struct Walks(Mutex<HashMap<Queue, String>>);

impl Walks {
    fn lock(&self) -> MutexGuard<'_, HashMap<Queue, String>> {
        // nothing that can panic is done while it is held
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn last_of(&self, queue: Queue) -> String {
        self.lock().get(&queue).cloned().unwrap_or_default()
    }

    /// From there on the next time; from the beginning, if there was no more.
    fn went_to(&self, queue: Queue, tenant: Option<&str>) {
        let mut walks = self.lock();
        match tenant {
            Some(tenant) => walks.insert(queue, tenant.to_owned()),
            None => walks.remove(&queue),
        };
    }
}

macro_rules! claim_with {
    ($text:expr, $claim:expr, $behind:expr, $conn:expr) => {
        kept(
            diesel::sql_query($text)
                .bind::<Text, _>($claim.queue.as_str())
                .bind::<Ts, _>(DbTs($claim.now))
                .bind::<BigInt, _>($claim.limit)
                .bind::<Id, _>(DbId($claim.token))
                .bind::<Ts, _>(DbTs($claim.lease_until))
                .bind::<Text, _>($claim.worker)
                .bind::<Text, _>($behind),
        )
        .load::<ClaimedRow>($conn)
        .await
    };
}

/// A statement about many leases, with a time.
macro_rules! holding_with {
    ($text:expr, $leases:expr, $at:expr) => {{
        let (jobs, tokens): (Vec<DbId>, Vec<DbId>) =
            $leases.iter().map(|lease| (DbId::from(lease.job), DbId(lease.token))).unzip();
        kept(
            diesel::sql_query($text)
                .bind::<Array<Id>, _>(jobs)
                .bind::<Array<Id>, _>(tokens)
                .bind::<Ts, _>(DbTs($at)),
        )
    }};
}

fn renewal_of(job: JobId, called_off: bool) -> Renewal {
    if called_off { Renewal::CancelRequested(job) } else { Renewal::Held(job) }
}

/// The row a lease stands for, if it is still the newest.
macro_rules! held {
    ($lease:expr) => {
        jobs::table
            .filter(jobs::id.eq(DbId::from($lease.job)))
            .filter(jobs::lease_token.eq(DbId($lease.token)))
            .filter(jobs::state.eq(JobState::Running.as_str()))
    };
}

/// Ends a job that had no result to store; `false` if its lease was lost.
async fn end(
    conn: &mut Conn,
    lease: Lease,
    state: JobState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ended = on_db!(conn, "jobs.end_claimed", |c| {
        let update = diesel::update(held!(lease)).set((
            jobs::state.eq(state.as_str()),
            jobs::finished_at.eq(Some(DbTs(now))),
            jobs::lease_token.eq(None::<DbId>),
            jobs::lease_until.eq(None::<DbTs>),
            jobs::cancel_requested.eq(false),
            error.map(|error| jobs::last_error.eq(error)),
        ));
        kept(update).execute(c).await
    })
    .map_err(fail(TABLE))?;
    Ok(ended > 0)
}

#[async_trait]
impl JobClaims for SqlSystem {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, StoreError> {
        let mut conn = self.db.writer().await?;
        let behind = self.walks.last_of(claim.queue);
        let mut rows = match &mut conn {
            Conn::Postgres(pg) => {
                on_postgres!(pg, "jobs.claim", |c| claim_with!(CLAIM_POSTGRES, claim, behind.as_str(), c))
            }
            Conn::Sqlite(lite) => {
                on_sqlite!(lite, "jobs.claim", |c| claim_with!(CLAIM_SQLITE, claim, behind.as_str(), c))
            }
        }
        .map_err(fail(TABLE))?;
        self.walks.went_to(claim.queue, rows.as_slice().first().and_then(|row| row.walked_to.as_deref()));
        // an update answers in whatever order it finds its rows
        rows.sort_by_key(|row| (row.turn, Reverse(row.priority), row.run_at, row.id.0));
        rows.into_iter().map(|row| claimed_of(row, claim)).collect()
    }

    async fn renew(&self, leases: &[Lease], until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let mut conn = self.db.writer().await?;
        if let Conn::Postgres(pg) = &mut conn {
            let renewed = on_postgres!(pg, "jobs.renew", |c| {
                holding_with!(RENEW_POSTGRES, leases, until).load::<RenewedRow>(c).await
            });
            let renewed = renewed.map_err(fail(TABLE))?.into_iter();
            return Ok(renewed.map(|row| renewal_of(row.id.into(), row.cancel_requested)).collect());
        }
        begin(&mut conn).await?;
        let mut renewals = Vec::with_capacity(leases.len());
        for lease in leases {
            let found: Option<bool> = on_db!(&mut conn, "jobs.renew", |c| {
                let update = diesel::update(held!(lease))
                    .set(jobs::lease_until.eq(Some(DbTs(until))))
                    .returning(jobs::cancel_requested);
                diesel::OptionalExtension::optional(kept(update).get_result(c).await)
            })
            .map_err(fail(TABLE))?;
            renewals.extend(found.map(|called_off| renewal_of(lease.job, called_off)));
        }
        commit(&mut conn).await?;
        Ok(renewals)
    }

    async fn finish(&self, leases: &[Lease], now: Timestamp) -> Result<usize, StoreError> {
        if leases.is_empty() {
            return Ok(0);
        }
        let mut conn = self.db.writer().await?;
        if let Conn::Postgres(pg) = &mut conn {
            return on_postgres!(pg, "jobs.finish", |c| {
                holding_with!(FINISH_POSTGRES, leases, now).execute(c).await
            })
            .map_err(fail(TABLE));
        }
        begin(&mut conn).await?;
        let mut finished = 0;
        for lease in leases {
            finished += on_db!(&mut conn, "jobs.finish", |c| {
                let state = |state: JobState| state.as_str().into_sql::<Text>();
                let ended = case_when(jobs::cancel_requested.eq(true), state(JobState::Cancelled))
                    .otherwise(state(JobState::Done));
                let update = diesel::update(held!(lease)).set((
                    jobs::state.eq(ended),
                    jobs::finished_at.eq(Some(DbTs(now))),
                    jobs::lease_token.eq(None::<DbId>),
                    jobs::lease_until.eq(None::<DbTs>),
                    jobs::cancel_requested.eq(false),
                    jobs::last_error.eq(None::<String>),
                ));
                kept(update).execute(c).await
            })
            .map_err(fail(TABLE))?;
        }
        commit(&mut conn).await?;
        Ok(finished)
    }

    async fn release(&self, lease: Lease, release: &Release, now: Timestamp) -> Result<bool, StoreError> {
        let mut conn = self.db.writer().await?;
        // an attempt that was cut short or gave way does not count; one that failed does
        let (at, attempts_back, snoozes, error) = match release {
            Release::Retry { at, error } => (Some(*at), 0, 0, Some(error.as_str())),
            // the last error stays for people to see
            Release::Snooze { at } => (Some(*at), 1, 1, None),
            Release::Defer { at, why } => (Some(*at), 1, 0, Some(why.as_str())),
            // it keeps its place
            Release::HandBack => (None, 1, 0, None),
            Release::Bury { error } => {
                return end(&mut conn, lease, JobState::Dead, Some(error.as_str()), now).await;
            }
            Release::Cancel => return end(&mut conn, lease, JobState::Cancelled, None, now).await,
        };
        let put_back = on_db!(&mut conn, "jobs.put_back", |c| {
            // somebody called it off, and no heartbeat came to say so: it ends here
            let called_off = || jobs::cancel_requested.eq(true);
            let state = |state: JobState| state.as_str().into_sql::<Text>();
            let ended = |at: Option<DbTs>| at.into_sql::<Nullable<Ts>>();
            let update =
                diesel::update(held!(lease)).set((
                    jobs::state
                        .eq(case_when(called_off(), state(JobState::Cancelled))
                            .otherwise(state(JobState::Ready))),
                    jobs::finished_at
                        .eq(case_when(called_off(), ended(Some(DbTs(now)))).otherwise(ended(None))),
                    jobs::attempts.eq(jobs::attempts - attempts_back),
                    jobs::snoozes.eq(jobs::snoozes + snoozes),
                    jobs::lease_token.eq(None::<DbId>),
                    jobs::lease_until.eq(None::<DbTs>),
                    jobs::cancel_requested.eq(false),
                    at.map(|at| jobs::run_at.eq(DbTs(at))),
                    error.map(|error| jobs::last_error.eq(error)),
                ));
            kept(update).execute(c).await
        })
        .map_err(fail(TABLE))?;
        Ok(put_back > 0)
    }

    async fn rescue(&self, now: Timestamp) -> Result<usize, StoreError> {
        let mut conn = self.db.writer().await?;
        // one that keeps killing its workers comes back like any other: whoever claims it next sees by its attempts that
        // it is to be given up, and says so in the domain. One that is just being renewed or ended is left to that.
        let lapsed = conn.picks("FROM jobs WHERE state = 'running' AND lease_until < $1");
        let text = format!(
            "UPDATE jobs SET state = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'ready' END, \
                    finished_at = CASE WHEN cancel_requested THEN $1 END, \
                    cancel_requested = false, lease_token = NULL, lease_until = NULL, last_error = 'its worker vanished' \
             WHERE {lapsed}"
        );
        on_db!(&mut conn, "jobs.rescue", |c| kept(diesel::sql_query(&text).bind::<Ts, _>(DbTs(now)))
            .execute(c)
            .await)
        .map_err(fail(TABLE))
    }

    async fn next_due(&self, queues: &[Queue]) -> Result<Vec<(Queue, Timestamp)>, StoreError> {
        let mut conn = self.db.reader().await?;
        let mut due = Vec::with_capacity(queues.len());
        for queue in queues {
            let first: Option<DbTs> = on_db!(&mut conn, "jobs.next_due", |c| {
                let first = jobs::table
                    .filter(JobReady)
                    .filter(jobs::queue.eq(queue.as_str()))
                    .order(jobs::run_at)
                    .limit(1)
                    .select(jobs::run_at)
                    .get_result(c)
                    .await;
                diesel::OptionalExtension::optional(first)
            })
            .map_err(fail(TABLE))?;
            due.extend(first.map(|at| (*queue, at.0)));
        }
        Ok(due)
    }

    async fn enqueue_slot(&self, slot: &SlotJob, now: Timestamp) -> Result<bool, StoreError> {
        let mut unit = SystemUnit::begin(self).await?;
        let conn = unit.conn();
        let row = (
            schedule_slots::schedule.eq(slot.slot.schedule),
            schedule_slots::begins_at.eq(DbTs(slot.slot.begins)),
            schedule_slots::job_id.eq(DbId::from(slot.job.id)),
            schedule_slots::created_at.eq(DbTs(now)),
        );
        let taken = on_db!(conn, "schedule_slots.take", |c| {
            diesel::insert_into(schedule_slots::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("schedule_slots"))?;
        let added = taken > 0 && insert_job(unit.conn(), None, &slot.job, None, now).await?;
        unit.commit().await?;
        Ok(added)
    }
}
