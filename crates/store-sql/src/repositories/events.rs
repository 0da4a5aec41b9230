use app::ports::{Event, EventLog};
use async_trait::async_trait;
use diesel::{ExpressionMethods, Insertable, QueryDsl};
use diesel_async::RunQueryDsl;
use kernel::{LeadId, StoreError, UserId};

use crate::{
    db::{Conn, on_db, on_sqlite, write_due},
    error::fail,
    kept::kept,
    schema::events,
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

#[derive(Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
struct NewEventRow {
    id: DbId,
    company_id: String,
    event: String,
    event_key: String,
    severity: &'static str,
    lead_id: Option<DbId>,
    user_id: Option<String>,
    call_id: Option<i64>,
    data: DbDoc,
    trace: Option<String>,
    created_at: DbTs,
}

/// How loudly an event is to be told.
fn severity_of(event: &str) -> &'static str {
    match event {
        "shunya.job.failed" | "shunya.job.timeout" => "error",
        "call.missed" => "warn",
        _ => "info",
    }
}

impl NewEventRow {
    fn of(event: &Event, company: &str, trace: Option<&str>) -> Self {
        Self {
            id: event.id.into(),
            company_id: company.to_owned(),
            event: event.event.clone().into(),
            event_key: event.key.clone(),
            severity: severity_of(&event.event),
            lead_id: event.lead.map(DbId::from),
            user_id: event.user.as_ref().map(|user| user.as_str().to_owned()),
            call_id: event.call.map(|call| call.0),
            data: DbDoc(event.data.clone()),
            trace: trace.map(str::to_owned),
            created_at: DbTs(event.at),
        }
    }
}

/// Adds rows unless their keys are there, and answers the ids of those added.
macro_rules! append {
    ($rows:expr) => {{
        let insert = diesel::insert_into(events::table).values($rows);
        let insert = insert.on_conflict((events::company_id, events::event_key)).do_nothing();
        insert.returning(events::id)
    }};
}

#[async_trait]
impl EventLog for SqlUnit {
    async fn append(&mut self, events: Vec<Event>, trace: Option<&str>) -> Result<Vec<Event>, StoreError> {
        if events.is_empty() {
            return Ok(events);
        }
        let (conn, company) = self.parts();
        let rows: Vec<_> = events.iter().map(|event| NewEventRow::of(event, company, trace)).collect();
        let added = match conn {
            // together with what else is due
            Conn::Postgres(pg) => {
                pg.ahead.add_told(rows.len(), append!(rows));
                write_due(pg).await.map_err(fail("events"))?
            }
            // which has no such way of adding several
            Conn::Sqlite(lite) => {
                let mut added = Vec::with_capacity(rows.len());
                for row in rows {
                    let new: Vec<DbId> = on_sqlite!(&mut *lite, "events.append", |c| {
                        kept(append!(row)).get_results(c).await
                    })
                    .map_err(fail("events"))?;
                    added.extend(new);
                }
                added
            }
        };
        Ok(events.into_iter().filter(|event| added.contains(&DbId::from(event.id))).collect())
    }

    async fn relate(
        &mut self,
        keys: &[String],
        lead: Option<LeadId>,
        user: Option<&UserId>,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let told = events::table
            .filter(events::company_id.eq(company))
            .filter(events::event_key.eq_any(keys.iter().map(String::as_str)));
        on_db!(conn, "events.relate", |c| {
            diesel::update(told)
                .set((events::lead_id.eq(lead.map(DbId::from)), events::user_id.eq(user.map(UserId::as_str))))
                .execute(c)
                .await
        })
        .map_err(fail("events"))?;
        Ok(())
    }
}
