use app::ports::{Event, EventLog};
use async_trait::async_trait;
use diesel::Insertable;
use diesel_async::RunQueryDsl;
use kernel::StoreError;

use crate::{
    db::on_db,
    error::fail,
    schema::events,
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

#[derive(Insertable)]
#[diesel(table_name = events)]
struct NewEventRow<'a> {
    id: DbId,
    company_id: &'a str,
    event: &'a str,
    event_key: &'a str,
    severity: &'a str,
    lead_id: Option<DbId>,
    user_id: Option<&'a str>,
    call_id: Option<i64>,
    data: DbDoc,
    trace: Option<&'a str>,
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

#[async_trait]
impl EventLog for SqlUnit {
    async fn append(&mut self, events: Vec<Event>, trace: Option<&str>) -> Result<Vec<Event>, StoreError> {
        let (conn, company) = self.parts();
        let mut told = Vec::with_capacity(events.len());
        for event in events {
            let row = NewEventRow {
                id: event.id.into(),
                company_id: company,
                event: &event.event,
                event_key: &event.key,
                severity: severity_of(&event.event),
                lead_id: event.lead.map(DbId::from),
                user_id: event.user.as_ref().map(kernel::UserId::as_str),
                call_id: event.call.map(|call| call.0),
                data: DbDoc(event.data.clone()),
                trace,
                created_at: DbTs(event.at),
            };
            let added = on_db!(conn, "events.append", |c| {
                diesel::insert_into(events::table)
                    .values(row)
                    .on_conflict((events::company_id, events::event_key))
                    .do_nothing()
                    .execute(c)
                    .await
            })
            .map_err(fail("events"))?;
            if added > 0 {
                told.push(event);
            }
        }
        Ok(told)
    }
}
