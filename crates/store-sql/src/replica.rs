//! People's reads on a replica, for as long as it is known to keep up.
//!
//! How far it lags is measured without either server's clock: now and then the primary is asked how far its log has come,
//! and the replica how far it has replayed it. A replica that has reached what the primary said at some instant of ours
//! holds everything that was committed before that instant; an idle primary says the same again and again, and a replica
//! that has it all is current. From that instant alone it follows whether a read may go there: not if it is too long ago,
//! and not if this company's people have written something since.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use app::reads::ReplicaState;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Bool, Nullable},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kernel::{BoxError, CompanyId, Dice};

use crate::{connect::Connector, pools::Db};

/// A server that does not say within this where it stands does not say it.
const PATIENCE: Duration = Duration::from_secs(2);
/// A replica that is gone is looked for after waits that grow to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// No more of what the primary said is kept. What is forgotten only makes the lag known a little later.
const MOST_SAID: usize = 600;

/// A replica and what is known of it.
#[derive(Clone)]
pub struct Replica {
    /// Its connections.
    pub db: Db,
    watch: Arc<Watch>,
}

struct Watch {
    primary: Connector,
    replica: Connector,
    limit: Duration,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// It holds everything that was committed before this.
    as_of: Option<Instant>,
    /// It answers. Otherwise nothing is read there, however little it lagged a moment ago.
    answers: bool,
    /// When people of a company last wrote something, unless that is known to be there.
    written: HashMap<String, Instant>,
}

impl Replica {
    /// Nothing is known of it until it is followed.
    pub fn new(db: Db, primary: Connector, replica: Connector, limit: Duration) -> Self {
        Self { db, watch: Arc::new(Watch { primary, replica, limit, known: Mutex::default() }) }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // nothing that can panic is done while it is held
        self.watch.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a company's reads may go there now.
    pub fn serves(&self, company: &CompanyId) -> bool {
        let known = self.known();
        let Some(as_of) = known.as_of.filter(|as_of| known.answers && as_of.elapsed() <= self.watch.limit)
        else {
            return false;
        };
        known.written.get(company.as_str()).is_none_or(|written| *written < as_of)
    }

    /// Somebody of this company has written something, and will look at it.
    pub fn wrote(&self, company: &str) {
        self.known().written.insert(company.to_owned(), Instant::now());
    }

    /// It failed a read. Nothing is read there until it has been asked how it stands.
    pub fn doubt(&self) {
        self.known().answers = false;
    }

    /// How it stands.
    pub fn state(&self) -> ReplicaState {
        let known = self.known();
        let lag = known.as_of.map(|as_of| as_of.elapsed());
        ReplicaState { used: known.answers && lag.is_some_and(|lag| lag <= self.watch.limit), lag }
    }

    /// Measures it again and again, until dropped.
    pub async fn follow(&self, dice: &dyn Dice) {
        let mut follower = Follower::default();
        let every = (self.watch.limit / 5).clamp(Duration::from_millis(100), Duration::from_secs(1));
        let mut failures = 0_u32;
        loop {
            let was_used = self.state().used;
            let wait = match follower.look(&self.watch).await {
                Ok(reached) => {
                    failures = 0;
                    let mut known = self.known();
                    known.answers = true;
                    if let Some(reached) = reached {
                        known.as_of = Some(reached);
                        known.written.retain(|_, written| *written >= reached);
                    }
                    every
                }
                Err(Unknown::Primary(error)) => {
                    // what the replica had of it stays true, and soon becomes too old
                    tracing::debug!(error, "cannot ask the primary how far it has come");
                    every
                }
                Err(Unknown::Replica(error)) => {
                    failures = failures.saturating_add(1);
                    self.known().answers = false;
                    tracing::debug!(error, "cannot ask the replica how far it has come");
                    let due = every.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
                    due.mul_f64(0.5 + dice.roll() / 2.0)
                }
            };
            self.tell(was_used);
            tokio::time::sleep(wait).await;
        }
    }

    fn tell(&self, was_used: bool) {
        let state = self.state();
        metrics::gauge!("otto_db_replica_used").set(if state.used { 1.0 } else { 0.0 });
        if let Some(lag) = state.lag {
            metrics::gauge!("otto_db_replica_lag_seconds").set(lag.as_secs_f64());
        }
        match (was_used, state.used) {
            (false, true) => tracing::info!("people's reads go to the replica"),
            (true, false) => {
                let lag = state.lag.map(|lag| lag.as_secs_f64());
                tracing::warn!(
                    lag,
                    "the replica is gone or too far behind; people's reads go to the primary"
                );
            }
            _ => {}
        }
    }
}

/// Why a look did not tell anything.
enum Unknown {
    Primary(BoxError),
    Replica(BoxError),
}

/// Looks at both servers, on a connection of its own to each: the pools may be full.
#[derive(Default)]
struct Follower {
    primary: Option<AsyncPgConnection>,
    replica: Option<AsyncPgConnection>,
    said: Said,
}

#[derive(QueryableByName)]
struct Position {
    #[diesel(sql_type = Bool)]
    follows: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    at: Option<i64>,
}

impl Follower {
    /// Since when the replica has everything, if that is known anew.
    async fn look(&mut self, watch: &Watch) -> Result<Option<Instant>, Unknown> {
        let asked = Instant::now();
        let primary = "SELECT pg_is_in_recovery() AS follows, CASE WHEN pg_is_in_recovery() THEN NULL \
                       ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint END AS at";
        let primary = position(&mut self.primary, &watch.primary, primary).await;
        // both are asked, so that a replica that is gone is noticed while the primary is gone too
        let replica = "SELECT pg_is_in_recovery() AS follows, \
                       pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint AS at";
        let replica = position(&mut self.replica, &watch.replica, replica).await.map_err(Unknown::Replica)?;
        let Position { follows: true, at: Some(replayed) } = replica else {
            // a server that follows nobody has a history of its own, or is the primary
            return Err(Unknown::Replica("it follows no primary".into()));
        };
        match primary.map_err(Unknown::Primary)? {
            Position { follows: false, at: Some(written) } => self.said.add(asked, written),
            _ => return Err(Unknown::Primary("it follows another".into())),
        }
        Ok(self.said.reached(replayed))
    }
}

async fn position(
    kept: &mut Option<AsyncPgConnection>,
    connector: &Connector,
    text: &str,
) -> Result<Position, BoxError> {
    let asking = async {
        // goes back only if all went well
        let mut conn = match kept.take() {
            Some(conn) => conn,
            None => connector.clone().connect().await?,
        };
        let position = diesel::sql_query(text).get_result::<Position>(&mut conn).await?;
        *kept = Some(conn);
        Ok(position)
    };
    tokio::time::timeout(PATIENCE, asking).await?
}

/// How far the primary said it had come, and when it was asked; oldest first.
#[derive(Default)]
struct Said(VecDeque<(Instant, i64)>);

impl Said {
    fn add(&mut self, asked: Instant, written: i64) {
        // a primary that was restored to an earlier state starts anew
        if self.0.back().is_some_and(|(_, last)| *last > written) {
            self.0.clear();
        }
        self.0.push_back((asked, written));
        if self.0.len() > MOST_SAID {
            self.0.pop_front();
        }
    }

    /// The last instant of which everything has been replayed, if it is a new one.
    fn reached(&mut self, replayed: i64) -> Option<Instant> {
        let mut reached = None;
        while let Some((asked, _)) = self.0.front().filter(|(_, written)| *written <= replayed) {
            reached = Some(*asked);
            self.0.pop_front();
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_primary_is_no_lag() {
        let mut said = Said::default();
        let start = Instant::now();
        for second in 0..10 {
            let asked = start + Duration::from_secs(second);
            said.add(asked, 100);
            assert_eq!(said.reached(100), Some(asked));
        }
    }

    #[test]
    fn what_is_not_replayed_is_counted_from_when_it_was_written() {
        let mut said = Said::default();
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        said.add(at(0), 100);
        assert_eq!(said.reached(100), Some(at(0)));
        for second in 1..5 {
            said.add(at(second), 100 + i64::try_from(second).unwrap() * 10);
            assert_eq!(said.reached(100), None, "nothing new has been replayed");
        }
        assert_eq!(said.reached(125), Some(at(2)));
        assert_eq!(said.reached(500), Some(at(4)));
    }

    #[test]
    fn a_replica_that_stands_still_for_long_costs_no_memory() {
        let mut said = Said::default();
        let start = Instant::now();
        for second in 0..2_000 {
            said.add(start + Duration::from_secs(second), i64::try_from(second).unwrap());
        }
        assert_eq!(said.0.len(), MOST_SAID);
        assert_eq!(said.reached(1_999), Some(start + Duration::from_secs(1_999)));
    }
}
