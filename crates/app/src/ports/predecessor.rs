use async_trait::async_trait;
use kernel::BoxError;
use serde_json::{Map, Value};

/// What is read of the predecessor's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OldTable {
    /// Tenants.
    Companies,
    /// Their people.
    Users,
    /// Customers' cards.
    ContactCards,
    /// Leads, with their history in `_history`, the one changed last first.
    Leads,
    /// Calls, with what is known of their analysis in `_requests`, `_analyses` and `_transcripts`.
    Calls,
    /// Appointments.
    Appointments,
    /// Tasks.
    Tasks,
    /// Key signals.
    KeySignals,
}

impl OldTable {
    /// All that belong to a company, in the order in which they can be taken: what is referred to comes first.
    pub const OF_COMPANIES: [Self; 7] = [
        Self::Users,
        Self::ContactCards,
        Self::Leads,
        Self::Calls,
        Self::Appointments,
        Self::Tasks,
        Self::KeySignals,
    ];

    /// As it is called there.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Users => "users",
            Self::ContactCards => "contact_cards",
            Self::Leads => "leads",
            Self::Calls => "calls",
            Self::Appointments => "appointments",
            Self::Tasks => "tasks",
            Self::KeySignals => "key_signals",
        }
    }
}

/// A row of the predecessor's, as JSON: of its columns some are missing in one deployment and of another type in the next.
/// Rows about a customer have the numbers of their card in `_phone` and `_phone2`.
#[derive(Clone, Default)]
pub struct OldRow {
    /// By which the row after it is found.
    pub key: String,
    /// What it holds, by column.
    pub columns: Map<String, Value>,
}

kernel::hides_personal!(OldRow { key; columns });

/// Why the predecessor's database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum PredecessorError {
    /// It is not there, or lets nobody in.
    #[error("cannot reach the predecessor's database: {0}")]
    Unreachable(String),
    /// It is another database.
    #[error("this is not the predecessor's database: it has no table companies")]
    Another,
    /// It was reached and did not answer.
    #[error("cannot read {table} of the predecessor's database")]
    Failed {
        /// What was being read.
        table: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// The database of Otto's predecessor, as it was at one moment. It is only read.
#[async_trait]
pub trait Predecessor: Send + Sync {
    /// Whether it has this table and what is needed of it.
    fn has(&self, table: OldTable) -> bool;
    /// How many rows there are; of a company, unless they are companies.
    async fn count(&self, table: OldTable, company: &str) -> Result<u64, PredecessorError>;
    /// Rows in the order of their keys, after one of them; at most `limit`.
    async fn page(
        &self,
        table: OldTable,
        company: &str,
        after: Option<&str>,
        limit: i64,
    ) -> Result<Vec<OldRow>, PredecessorError>;
    /// Calls of nobody: without a company, and without a card that has one.
    async fn calls_of_nobody(&self) -> Result<u64, PredecessorError>;
}
