//! The database of Otto's predecessor, which is PostgreSQL and is only read.
//!
//! Rows come as JSON: of their columns some are missing in one deployment, and of another type in the next. Only what leads from
//! row to row is named here, and looked for first.

use std::collections::HashSet;

use app::ports::{OldRow, OldTable, Predecessor, PredecessorError};
use async_trait::async_trait;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use crate::migrate::connect_postgres;

/// Everything is read in one transaction, of one moment. It waits while what was read is written elsewhere.
const SETUP: &str = "SET statement_timeout = '10min'; SET idle_in_transaction_session_timeout = 0; \
     SET timezone = 'UTC'; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Every column there is, as `table.column`.
const COLUMNS: &str = "SELECT c.relname || '.' || a.attname AS word FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     WHERE pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped";

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    key: String,
    // as text: a document of a JSON column may hold what the other type refuses
    #[diesel(sql_type = Text)]
    columns: String,
}

/// How a table is read. In all of it `t` is the row, `$1` the company, and `$2` the key after which to go on, or nothing.
struct Reading {
    /// What must be there for it.
    needs: &'static [&'static str],
    /// Whose row it is.
    of_company: &'static str,
    /// By what rows are in order.
    key: &'static str,
    /// Whether the greatest comes first.
    down: bool,
    /// What `$2` is, in the type of the key.
    after: &'static str,
    /// More about calls, if these are there: what is gathered for a whole page at once, because no index leads from a call to
    /// it.
    gathered: &'static [(&'static str, &'static [&'static str], &'static str)],
    /// More about a row, if these are there.
    with: &'static [(&'static str, &'static [&'static str], &'static str)],
}

const CARD: &[&str] = &["contact_cards.id", "contact_cards.company_id", "contact_cards.primary_phone"];

/// The numbers of the card a row names; of the second there may be no column.
const PHONES: &str = "(SELECT json_build_object('1', k.primary_phone, '2', SECOND) \
     FROM contact_cards k WHERE k.id = t.contact_card_id AND k.company_id = $1)";

/// The same where a row without a card may have a lead that has one.
const PHONES_BY_LEAD: &str = "(SELECT json_build_object('1', k.primary_phone, '2', SECOND) \
     FROM contact_cards k WHERE k.company_id = $1 AND k.id = coalesce(t.contact_card_id, \
     (SELECT l.contact_card_id FROM leads l WHERE l.id = t.lead_id AND l.company_id = $1)))";

const LED: &[&str] = &[
    "contact_cards.id",
    "contact_cards.company_id",
    "contact_cards.primary_phone",
    "leads.id",
    "leads.company_id",
    "leads.contact_card_id",
];

const fn plain(needs: &'static [&'static str]) -> Reading {
    Reading {
        needs,
        of_company: "t.company_id = $1",
        key: "t.id",
        down: false,
        after: "$2",
        gathered: &[],
        with: &[],
    }
}

fn reading(table: OldTable) -> Reading {
    match table {
        OldTable::Companies => Reading { of_company: "($1 = '' OR t.id = $1)", ..plain(&["companies.id"]) },
        OldTable::Users => plain(&["users.id", "users.company_id"]),
        OldTable::ContactCards => plain(CARD),
        OldTable::Leads => Reading {
            // the one changed last goes first: it is the one that stays active where a customer has several
            key: "(to_char(coalesce(t.updated_at, t.created_at, 'epoch'), 'YYYYMMDDHH24MISSUS') || t.id) COLLATE \"C\"",
            down: true,
            with: &[
                ("_phones", CARD, PHONES),
                (
                    "_history",
                    &[
                        "lead_status_history.id",
                        "lead_status_history.lead_id",
                        "lead_status_history.created_at",
                    ],
                    "(SELECT json_agg(to_json(h) ORDER BY h.created_at, h.id) FROM lead_status_history h \
                     WHERE h.lead_id = t.id)",
                ),
            ],
            ..plain(&[
                "leads.id",
                "leads.company_id",
                "leads.contact_card_id",
                "leads.updated_at",
                "leads.created_at",
            ])
        },
        OldTable::Calls => Reading {
            of_company: "(t.company_id = $1 OR (t.company_id IS NULL AND EXISTS (SELECT 1 FROM contact_cards k \
                         WHERE k.id = t.contact_card_id AND k.company_id = $1)))",
            key: "t.call_id",
            after: "NULLIF($2, '')::bigint",
            with: &[("_phones", CARD, PHONES)],
            gathered: &[
                (
                    "_requests",
                    &[
                        "shunya_jobs.id",
                        "shunya_jobs.company_id",
                        "shunya_jobs.call_id",
                        "shunya_jobs.output_payload",
                        "shunya_jobs.job_type",
                    ],
                    "shunya_jobs g WHERE g.company_id = $1 AND g.output_payload IS NOT NULL \
                     AND lower(g.job_type::text) = 'csr_call'",
                ),
                (
                    "_analyses",
                    &["call_analysis.tenant_id", "call_analysis.call_id", "call_analysis.id"],
                    "call_analysis g WHERE g.tenant_id = $1",
                ),
                (
                    "_transcripts",
                    &["call_transcripts.tenant_id", "call_transcripts.call_id", "call_transcripts.id"],
                    "call_transcripts g WHERE g.tenant_id = $1",
                ),
            ],
            ..plain(&[
                "calls.call_id",
                "calls.company_id",
                "calls.contact_card_id",
                "contact_cards.company_id",
            ])
        },
        OldTable::Appointments => Reading {
            with: &[("_phones", LED, PHONES_BY_LEAD)],
            ..plain(&[
                "appointments.id",
                "appointments.company_id",
                "appointments.lead_id",
                "appointments.contact_card_id",
            ])
        },
        OldTable::Tasks => Reading {
            with: &[("_phones", LED, PHONES_BY_LEAD)],
            ..plain(&["tasks.id", "tasks.company_id", "tasks.lead_id", "tasks.contact_card_id"])
        },
        OldTable::KeySignals => Reading {
            with: &[("_phones", CARD, PHONES)],
            ..plain(&["key_signals.id", "key_signals.company_id", "key_signals.contact_card_id"])
        },
    }
}

/// The database of Otto's predecessor, as it was when this was opened.
pub struct OldDatabase {
    conn: Mutex<AsyncPgConnection>,
    columns: HashSet<String>,
}

impl OldDatabase {
    /// Opens it for reading.
    pub async fn open(url: &str) -> Result<Self, PredecessorError> {
        let unreachable = |error: &dyn std::error::Error| PredecessorError::Unreachable(error.to_string());
        let mut conn = connect_postgres(url).await.map_err(|error| unreachable(&error))?;
        conn.batch_execute(SETUP).await.map_err(|error| unreachable(&error))?;
        let columns: Vec<Word> =
            diesel::sql_query(COLUMNS).load(&mut conn).await.map_err(failed("its tables"))?;
        let columns: HashSet<_> = columns.into_iter().map(|row| row.word).collect();
        // our own companies have a tenant key
        if !columns.contains("companies.id") || columns.contains("companies.tenant_key") {
            return Err(PredecessorError::Another);
        }
        Ok(Self { conn: Mutex::new(conn), columns })
    }

    fn has_all(&self, needs: &[&str]) -> bool {
        needs.iter().all(|column| self.columns.contains(*column))
    }

    fn query(&self, table: OldTable) -> String {
        let Reading { of_company, key, down, after, with, gathered, .. } = reading(table);
        let second =
            if self.has_all(&["contact_cards.secondary_phone"]) { "k.secondary_phone" } else { "NULL" };
        let mut columns: Vec<_> = with
            .iter()
            .filter(|(_, needs, _)| self.has_all(needs))
            .map(|(name, _, sql)| format!(", {} AS \"{name}\"", sql.replace("SECOND", second)))
            .collect();
        let mut joins = Vec::new();
        for (name, _, sql) in gathered.iter().filter(|(_, needs, _)| self.has_all(needs)) {
            columns.push(format!(", \"g{name}\".lines AS \"{name}\""));
            joins.push(format!(
                " LEFT JOIN (SELECT g.call_id AS of_call, json_agg(to_json(g) ORDER BY g.id) AS lines FROM {sql} \
                 AND g.call_id IN (SELECT call_id FROM page) GROUP BY g.call_id) \"g{name}\" \
                 ON \"g{name}\".of_call = t.call_id"
            ));
        }
        let (more, joins) = (columns.concat(), joins.concat());
        let (than, order) = if down { ("<", "DESC") } else { (">", "ASC") };
        format!(
            "WITH page AS MATERIALIZED (SELECT t.*, ({key})::text AS _key, row_number() OVER (ORDER BY {key} {order}) AS _place \
             FROM {} t WHERE {of_company} AND ($2 = '' OR {key} {than} {after}) ORDER BY {key} {order} LIMIT $3) \
             SELECT t._key AS key, (SELECT row_to_json(r)::text FROM (SELECT t.*{more}) r) AS columns \
             FROM page t{joins} ORDER BY t._place",
            table.as_str()
        )
    }
}

fn failed(table: &'static str) -> impl FnOnce(diesel::result::Error) -> PredecessorError {
    move |error| PredecessorError::Failed { table, source: Box::new(error) }
}

/// The numbers of a row's card stand in the row itself.
fn old_row(row: Row) -> Result<OldRow, serde_json::Error> {
    let mut columns: Map<String, Value> = serde_json::from_str(&row.columns)?;
    if let Some(Value::Object(mut phones)) = columns.remove("_phones") {
        for (from, to) in [("1", "_phone"), ("2", "_phone2")] {
            columns.insert(to.to_owned(), phones.remove(from).unwrap_or_default());
        }
    }
    Ok(OldRow { key: row.key, columns })
}

#[async_trait]
impl Predecessor for OldDatabase {
    fn has(&self, table: OldTable) -> bool {
        self.has_all(reading(table).needs)
    }

    async fn count(&self, table: OldTable, company: &str) -> Result<u64, PredecessorError> {
        let text = format!(
            "SELECT count(*) AS number FROM {} t WHERE {}",
            table.as_str(),
            reading(table).of_company
        );
        let mut conn = self.conn.lock().await;
        let found: Number = diesel::sql_query(text)
            .bind::<Text, _>(company)
            .get_result(&mut *conn)
            .await
            .map_err(failed(table.as_str()))?;
        Ok(u64::try_from(found.number).unwrap_or_default())
    }

    async fn page(
        &self,
        table: OldTable,
        company: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<OldRow>, PredecessorError> {
        let mut conn = self.conn.lock().await;
        let rows: Vec<Row> = diesel::sql_query(self.query(table))
            .bind::<Text, _>(company)
            .bind::<Text, _>(after.unwrap_or_default())
            .bind::<BigInt, _>(limit)
            .load(&mut *conn)
            .await
            .map_err(failed(table.as_str()))?;
        let unreadable = |error| PredecessorError::Failed { table: table.as_str(), source: Box::new(error) };
        rows.into_iter().map(old_row).collect::<Result<_, _>>().map_err(unreadable)
    }

    async fn calls_of_nobody(&self) -> Result<u64, PredecessorError> {
        let text = "SELECT count(*) AS number FROM calls t WHERE NOT EXISTS (SELECT 1 FROM companies c WHERE c.id = coalesce( \
             t.company_id, (SELECT k.company_id FROM contact_cards k WHERE k.id = t.contact_card_id)))";
        let mut conn = self.conn.lock().await;
        let found: Number = diesel::sql_query(text).get_result(&mut *conn).await.map_err(failed("calls"))?;
        Ok(u64::try_from(found.number).unwrap_or_default())
    }
}
