use app::reads::{KeySignalLine, KeySignalList, SignalFilter, Viewer};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl, Queryable, Selectable,
    SelectableHelper, sql_types::Integer,
};
use diesel_async::RunQueryDsl;
use kernel::{ContactCardId, StoreError};

use super::{
    fixed::fixed,
    reach::{own, own_customer},
};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::key_signals as signals,
    types::{DbId, DbTs},
};

const TABLE: &str = "key_signals";

/// The most severe first: by rank, not by spelling.
const RANK: &str =
    "CASE key_signals.severity WHEN 'critical' THEN 1 WHEN 'high' THEN 2 WHEN 'medium' THEN 3 ELSE 4 END";

#[derive(Queryable, Selectable)]
#[diesel(table_name = signals)]
pub(super) struct SignalRow {
    id: DbId,
    contact_card_id: DbId,
    lead_id: Option<DbId>,
    appointment_id: Option<DbId>,
    signal_type: String,
    severity: String,
    title: String,
    description: Option<String>,
    acknowledged: bool,
    acknowledged_at: Option<DbTs>,
    acknowledged_by: Option<String>,
    created_at: DbTs,
}

impl From<SignalRow> for KeySignalLine {
    fn from(row: SignalRow) -> Self {
        Self {
            id: row.id.into(),
            signal_type: row.signal_type,
            severity: row.severity,
            title: row.title,
            description: row.description,
            acknowledged: row.acknowledged,
            acknowledged_at: row.acknowledged_at.map(|at| at.0),
            acknowledged_by: row.acknowledged_by,
            contact_card_id: row.contact_card_id.into(),
            lead_id: row.lead_id.map(Into::into),
            appointment_id: row.appointment_id.map(Into::into),
            created_at: row.created_at.0,
        }
    }
}

/// Every signal the filter leaves: the contract asks for no pages.
pub(super) async fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &SignalFilter,
) -> Result<KeySignalList, StoreError> {
    let company = viewer.company.as_str();
    let rows: Vec<SignalRow> = on_db!(conn, "key_signals.list", |c| {
        let mut query = signals::table
            .filter(signals::company_id.eq(company))
            .order((fixed::<Integer>(RANK), signals::created_at.desc(), signals::id.desc()))
            .select(SignalRow::as_select())
            .into_boxed();
        if let Some(me) = own(viewer) {
            query = query.filter(own_customer!(signals::contact_card_id, company, me));
        }
        if let Some(lead) = filter.lead {
            query = query.filter(signals::lead_id.eq(DbId::from(lead)));
        }
        if let Some(appointment) = filter.appointment {
            query = query.filter(signals::appointment_id.eq(DbId::from(appointment)));
        }
        if let Some(contact) = filter.contact {
            query = query.filter(signals::contact_card_id.eq(DbId::from(contact)));
        }
        if let Some(signal_type) = filter.signal_type {
            query = query.filter(signals::signal_type.eq(signal_type.as_str()));
        }
        if let Some(acknowledged) = filter.acknowledged {
            query = query.filter(signals::acknowledged.eq(acknowledged));
        }
        if let Some(from) = filter.from {
            query = query.filter(signals::created_at.ge(DbTs(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(signals::created_at.lt(DbTs(until)));
        }
        query.load(c).await
    })
    .map_err(fail(TABLE))?;
    let signals: Vec<KeySignalLine> = rows.into_iter().map(Into::into).collect();
    let unacknowledged = signals.iter().filter(|signal| !signal.acknowledged).count();
    Ok(KeySignalList {
        total: i64::try_from(signals.len()).unwrap_or(i64::MAX),
        unacknowledged_count: i64::try_from(unacknowledged).unwrap_or(i64::MAX),
        signals,
    })
}

/// A customer's signals, those nobody has seen first.
pub(super) async fn of_contact(
    conn: &mut Conn,
    company: &str,
    contact: ContactCardId,
) -> Result<Vec<KeySignalLine>, StoreError> {
    let rows: Vec<SignalRow> = on_db!(conn, "key_signals.of_contact", |c| {
        signals::table
            .filter(signals::company_id.eq(company))
            .filter(signals::contact_card_id.eq(DbId::from(contact)))
            .order((
                signals::acknowledged,
                fixed::<Integer>(RANK),
                signals::created_at.desc(),
                signals::id.desc(),
            ))
            .select(SignalRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(Into::into).collect())
}
