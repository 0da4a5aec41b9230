//! Our own SQL types, each mapped on both databases, so that one schema and one query serve both.
//!
//! | type | PostgreSQL | SQLite |
//! |---|---|---|
//! | [`Id`] | `uuid` | 16-byte blob |
//! | [`Ts`] | `timestamptz` | integer, microseconds since 1970 |
//! | [`Doc`] | `jsonb` | text |

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{BigInt, Binary, Jsonb, SqlType, Text, Timestamptz, Uuid as PgUuid},
    sqlite::Sqlite,
};
use kernel::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

/// SQL type of ids. Giving the OIDs saves a look-up for each connection.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 2950, array_oid = 2951))]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// SQL type of instants.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 1184, array_oid = 1185))]
#[diesel(sqlite_type(name = "Long"))]
pub struct Ts;

/// SQL type of JSON documents.
#[derive(Clone, Copy, Debug, Default, QueryId, SqlType)]
#[diesel(postgres_type(oid = 3802, array_oid = 3807))]
#[diesel(sqlite_type(name = "Text"))]
pub struct Doc;

/// An id in a row.
#[derive(AsExpression, Clone, Copy, Debug, FromSqlRow, PartialEq, Eq, Hash)]
#[diesel(sql_type = Id)]
pub struct DbId(pub Uuid);

impl ToSql<Id, Pg> for DbId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<PgUuid, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Id, Pg> for DbId {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Uuid as FromSql<PgUuid, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<Id, Sqlite> for DbId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for DbId {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let bytes = <Vec<u8> as FromSql<Binary, Sqlite>>::from_sql(value)?;
        Ok(Self(Uuid::from_slice(&bytes)?))
    }
}

/// An id's text, as we write it, in a query: on SQLite ids are bytes.
pub fn uuid_text(is_postgres: bool, column: &str) -> String {
    if is_postgres {
        return format!("CAST({column} AS TEXT)");
    }
    let parts = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)];
    let parts = parts.map(|(from, length)| format!("substr(hex({column}), {from}, {length})"));
    format!("lower({})", parts.join(" || '-' || "))
}

/// An instant in a row.
#[derive(AsExpression, Clone, Copy, Debug, FromSqlRow, PartialEq, Eq, PartialOrd, Ord)]
#[diesel(sql_type = Ts)]
pub struct DbTs(pub Timestamp);

impl ToSql<Ts, Pg> for DbTs {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamptz, Pg>::to_sql(&self.0, &mut out.reborrow())
    }
}

impl FromSql<Ts, Pg> for DbTs {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <DateTime<Utc> as FromSql<Timestamptz, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<Ts, Sqlite> for DbTs {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.timestamp_micros());
        Ok(IsNull::No)
    }
}

impl FromSql<Ts, Sqlite> for DbTs {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let micros = <i64 as FromSql<BigInt, Sqlite>>::from_sql(value)?;
        DateTime::from_timestamp_micros(micros).map(Self).ok_or_else(|| "not an instant".into())
    }
}

/// A JSON document in a row.
#[derive(AsExpression, Clone, Debug, FromSqlRow, PartialEq)]
#[diesel(sql_type = Doc)]
pub struct DbDoc(pub Value);

impl DbDoc {
    /// Anything as a document. What cannot be written as JSON (it cannot happen with our types) becomes null.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Self {
        Self(serde_json::to_value(value).unwrap_or(Value::Null))
    }

    /// Reads a document back.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.0)
    }
}

/// PostgreSQL keeps no NUL in a document's texts, so neither database does.
fn without_nul(value: &Value) -> Cow<'_, Value> {
    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(has_nul),
            Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
            _ => false,
        }
    }
    fn cleaned(value: &Value) -> Value {
        match value {
            Value::String(text) => text.replace('\0', "").into(),
            Value::Array(items) => items.iter().map(cleaned).collect(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| (name.replace('\0', ""), cleaned(value))).collect()
            }
            other => other.clone(),
        }
    }
    if has_nul(value) { Cow::Owned(cleaned(value)) } else { Cow::Borrowed(value) }
}

impl ToSql<Doc, Pg> for DbDoc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Jsonb, Pg>::to_sql(without_nul(&self.0).as_ref(), &mut out.reborrow())
    }
}

impl FromSql<Doc, Pg> for DbDoc {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        <Value as FromSql<Jsonb, Pg>>::from_sql(value).map(Self)
    }
}

impl ToSql<Doc, Sqlite> for DbDoc {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(serde_json::to_string(without_nul(&self.0).as_ref())?);
        Ok(IsNull::No)
    }
}

impl FromSql<Doc, Sqlite> for DbDoc {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<Text, Sqlite>>::from_sql(value)?;
        Ok(Self(serde_json::from_str(&text)?))
    }
}

macro_rules! ids {
    ($($name:ident),*) => {$(
        impl From<kernel::$name> for DbId {
            fn from(id: kernel::$name) -> Self {
                Self(id.0)
            }
        }
        impl From<DbId> for kernel::$name {
            fn from(id: DbId) -> Self {
                Self(id.0)
            }
        }
    )*};
}

ids!(
    AnalysisId,
    AppointmentId,
    ContactCardId,
    EventId,
    InboxId,
    JobId,
    KeySignalId,
    LeadId,
    RecordingId,
    ShunyaJobId,
    TaskId,
    TranscriptId
);
