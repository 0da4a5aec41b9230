//! Rows that come from elsewhere, with ids, times and histories of their own.

use std::collections::{HashMap, HashSet};

use app::ports::{
    CardPut, Intake, MovedAppointment, MovedCard, MovedLead, MovedOutcome, MovedSignal, MovedTask, MovedUser,
    OldTable, Put, SealedSecret,
};
use async_trait::async_trait;
use crm::{AppointmentStatus, TaskStatus};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, PhoneNumber, Provider, StoreError, Timestamp, UserId};
use tenancy::Company;
use uuid::Uuid;

use super::intake_people as people;
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{
        appointments, call_outcomes, calls, imported_calls, key_signals, lead_status_history as history,
        leads, tasks,
    },
    system::id_of,
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

/// Those of some ids a table of the tenant's has.
macro_rules! there {
    ($conn:expr, $company:expr, $table:ident, $name:literal, $ids:expr) => {{
        let found: Vec<DbId> = on_db!($conn, $name, |c| {
            $table::table
                .filter($table::company_id.eq($company))
                .filter($table::id.eq_any($ids.iter().map(|id| DbId(*id))))
                .select($table::id)
                .load(c)
                .await
        })
        .map_err(fail(stringify!($table)))?;
        found.into_iter().map(|id| id.0).collect()
    }};
}

/// Adds a row unless one of its keys is taken, and says whether it is the row itself that is there.
macro_rules! put {
    ($conn:expr, $company:expr, $table:ident, $name:literal, $find:literal, $id:expr, $row:expr) => {{
        let row = $row;
        let added = on_db!($conn, $name, |c| {
            diesel::insert_into($table::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail(stringify!($table)))?;
        if added > 0 {
            Put::Taken
        } else {
            let own: HashSet<Uuid> = there!($conn, $company, $table, $find, [$id]);
            if own.is_empty() { Put::Refused } else { Put::There }
        }
    }};
}

async fn put_history(conn: &mut Conn, company: &str, lead: &MovedLead) -> Result<(), StoreError> {
    for (place, step) in lead.history.iter().enumerate() {
        let version = i32::try_from(place + 1).unwrap_or(i32::MAX);
        let row = (
            // a line has no life of its own: its id follows from its lead and its place
            history::id.eq(id_of(&["lead_status_history", &lead.id.to_string(), &version.to_string()])),
            history::company_id.eq(company),
            history::lead_id.eq(DbId::from(lead.id)),
            history::lead_version.eq(version),
            history::from_status.eq(step.from.map(crm::LeadStatus::as_str)),
            history::to_status.eq(step.to.as_str()),
            history::reason.eq(step.reason.as_deref()),
            history::triggered_by.eq(&step.triggered_by),
            history::context.eq(step.context.clone().map(DbDoc)),
            history::created_at.eq(DbTs(step.at)),
        );
        on_db!(conn, "lead_status_history.put", |c| {
            diesel::insert_into(history::table).values(row).execute(c).await
        })
        .map_err(fail("lead_status_history"))?;
    }
    Ok(())
}

// A twin that was refused because the other was open must not come in later, when the other is done: one that was there while
// this one was made is its twin, whatever has become of it since.

async fn had_appointment(conn: &mut Conn, company: &str, one: &MovedAppointment) -> Result<bool, StoreError> {
    let twins: i64 = on_db!(conn, "appointments.had", |c| {
        appointments::table
            .filter(appointments::company_id.eq(company))
            .filter(appointments::lead_id.eq(DbId::from(one.lead)))
            .filter(appointments::scheduled_start.eq(DbTs(one.start)))
            .filter(appointments::id.ne(DbId::from(one.id)))
            .filter(appointments::updated_at.ge(DbTs(one.created_at)))
            .count()
            .get_result(c)
            .await
    })
    .map_err(fail("appointments"))?;
    Ok(twins > 0)
}

async fn had_task(conn: &mut Conn, company: &str, task: &MovedTask) -> Result<bool, StoreError> {
    let Some(contact) = task.contact else { return Ok(false) };
    let twins: i64 = on_db!(conn, "tasks.had", |c| {
        tasks::table
            .filter(tasks::company_id.eq(company))
            .filter(tasks::contact_card_id.eq(DbId::from(contact)))
            .filter(tasks::natural_key.eq(&task.natural_key))
            .filter(tasks::id.ne(DbId::from(task.id)))
            .filter(tasks::updated_at.ge(DbTs(task.created_at)))
            .count()
            .get_result(c)
            .await
    })
    .map_err(fail("tasks"))?;
    Ok(twins > 0)
}

async fn had_signal(conn: &mut Conn, company: &str, signal: &MovedSignal) -> Result<bool, StoreError> {
    let twins: i64 = on_db!(conn, "key_signals.had", |c| {
        key_signals::table
            .filter(key_signals::company_id.eq(company))
            .filter(key_signals::contact_card_id.eq(DbId::from(signal.contact)))
            .filter(key_signals::natural_key.eq(&signal.natural_key))
            .filter(key_signals::id.ne(DbId::from(signal.id)))
            .filter(key_signals::acknowledged_at.ge(DbTs(signal.created_at)))
            .count()
            .get_result(c)
            .await
    })
    .map_err(fail("key_signals"))?;
    Ok(twins > 0)
}

#[async_trait]
impl Intake for SqlUnit {
    async fn put_company(&mut self, company: &Company, now: Timestamp) -> Result<Put, StoreError> {
        people::company(self.parts().0, company, now).await
    }

    async fn put_number(
        &mut self,
        provider: Provider,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        people::number(conn, company, provider, number, now).await
    }

    async fn put_credential(
        &mut self,
        provider: Provider,
        name: &str,
        sealed: &SealedSecret,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        people::credential(conn, company, (provider, name), sealed, now).await
    }

    async fn put_user(&mut self, user: &MovedUser, now: Timestamp) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        people::user(conn, company, user, now).await
    }

    async fn there(&mut self, table: OldTable, ids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
        let (conn, company) = self.parts();
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        Ok(match table {
            OldTable::Leads => there!(conn, company, leads, "leads.there", ids),
            OldTable::Appointments => there!(conn, company, appointments, "appointments.there", ids),
            OldTable::Tasks => there!(conn, company, tasks, "tasks.there", ids),
            OldTable::KeySignals => there!(conn, company, key_signals, "key_signals.there", ids),
            // these go by other names
            OldTable::Companies | OldTable::Users | OldTable::ContactCards | OldTable::Calls => {
                HashSet::new()
            }
        })
    }

    async fn put_card(&mut self, card: &MovedCard) -> Result<CardPut, StoreError> {
        let (conn, company) = self.parts();
        people::card(conn, company, card).await
    }

    async fn card_of(&mut self, phone: &PhoneNumber) -> Result<Option<ContactCardId>, StoreError> {
        let (conn, company) = self.parts();
        people::card_of(conn, company, phone).await
    }

    async fn put_lead(&mut self, lead: &MovedLead) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        let row = (
            (
                leads::id.eq(DbId::from(lead.id)),
                leads::company_id.eq(company),
                leads::contact_card_id.eq(DbId::from(lead.contact)),
                leads::status.eq(lead.status.as_str()),
                leads::source.eq(lead.source.as_str()),
                leads::campaign.eq(lead.campaign.as_deref()),
                leads::pipeline_stage.eq(lead.pipeline_stage.as_deref()),
                leads::priority.eq(lead.priority.map(crm::Priority::as_str)),
                leads::score.eq(lead.score),
            ),
            (
                leads::tags.eq(lead.tags.clone().map(DbDoc)),
                leads::assigned_rep_id.eq(lead.assigned_rep.as_ref().map(UserId::as_str)),
                leads::deal_status.eq(lead.deal_status.as_deref()),
                leads::deal_size_cents.eq(lead.deal_size_cents),
                leads::last_contacted_at.eq(lead.last_contacted_at.map(DbTs)),
                leads::version.eq(i32::try_from(lead.history.len()).unwrap_or(i32::MAX)),
                leads::created_at.eq(DbTs(lead.created_at)),
                leads::updated_at.eq(DbTs(lead.updated_at)),
            ),
        );
        let put = put!(conn, company, leads, "leads.put", "leads.is_put", lead.id.0, row);
        if put == Put::Taken {
            put_history(conn, company, lead).await?;
        }
        Ok(put)
    }

    async fn put_appointment(&mut self, appointment: &MovedAppointment) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        let one = appointment;
        let is_held = one.status.is_open() || one.status == AppointmentStatus::Completed;
        if is_held && had_appointment(conn, company, one).await? {
            return Ok(Put::Refused);
        }
        let row = (
            (
                appointments::id.eq(DbId::from(one.id)),
                appointments::company_id.eq(company),
                appointments::lead_id.eq(DbId::from(one.lead)),
                appointments::contact_card_id.eq(one.contact.map(DbId::from)),
                appointments::assigned_rep_id.eq(one.assigned_rep.as_ref().map(UserId::as_str)),
                appointments::scheduled_start.eq(DbTs(one.start)),
                appointments::scheduled_end.eq(one.end.map(DbTs)),
                appointments::status.eq(one.status.as_str()),
                appointments::outcome.eq(one.outcome.as_str()),
            ),
            (
                appointments::appointment_type.eq(one.appointment_type.as_deref()),
                appointments::location.eq(one.location.as_deref()),
                appointments::service_type.eq(one.service_type.as_deref()),
                appointments::notes.eq(one.notes.as_deref()),
                appointments::external_id.eq(one.external_id.as_deref()),
                appointments::deal_size_cents.eq(one.deal_size_cents),
                appointments::created_at.eq(DbTs(one.created_at)),
                appointments::updated_at.eq(DbTs(one.updated_at)),
            ),
        );
        Ok(put!(conn, company, appointments, "appointments.put", "appointments.is_put", one.id.0, row))
    }

    async fn put_task(&mut self, task: &MovedTask) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        let is_unfinished =
            matches!(task.status, TaskStatus::Open | TaskStatus::Pending | TaskStatus::Overdue);
        if is_unfinished && had_task(conn, company, task).await? {
            return Ok(Put::Refused);
        }
        let row = (
            (
                tasks::id.eq(DbId::from(task.id)),
                tasks::company_id.eq(company),
                tasks::contact_card_id.eq(task.contact.map(DbId::from)),
                tasks::lead_id.eq(task.lead.map(DbId::from)),
                tasks::appointment_id.eq(task.appointment.map(DbId::from)),
                tasks::call_id.eq(task.call.map(|call| call.0)),
                tasks::description.eq(&task.description),
                tasks::assigned_to.eq(task.assigned_to.as_str()),
                tasks::assignee_id.eq(task.assignee.as_deref()),
                tasks::source.eq(task.source.as_str()),
            ),
            (
                tasks::action_type.eq(task.action_type.as_deref()),
                tasks::natural_key.eq(&task.natural_key),
                tasks::due_at.eq(task.due_at.map(DbTs)),
                tasks::status.eq(task.status.as_str()),
                tasks::priority.eq(task.priority.map(crm::Priority::as_str)),
                tasks::completed_at.eq(task.completed_at.map(DbTs)),
                tasks::completed_by.eq(task.completed_by.as_deref()),
                tasks::created_at.eq(DbTs(task.created_at)),
                tasks::updated_at.eq(DbTs(task.updated_at)),
            ),
        );
        Ok(put!(conn, company, tasks, "tasks.put", "tasks.is_put", task.id.0, row))
    }

    async fn put_signal(&mut self, signal: &MovedSignal) -> Result<Put, StoreError> {
        let (conn, company) = self.parts();
        if signal.acknowledged.is_none() && had_signal(conn, company, signal).await? {
            return Ok(Put::Refused);
        }
        let (acknowledged_at, acknowledged_by) = signal.acknowledged.clone().unwrap_or_default();
        let row = (
            (
                key_signals::id.eq(DbId::from(signal.id)),
                key_signals::company_id.eq(company),
                key_signals::contact_card_id.eq(DbId::from(signal.contact)),
                key_signals::lead_id.eq(signal.lead.map(DbId::from)),
                key_signals::appointment_id.eq(signal.appointment.map(DbId::from)),
                key_signals::signal_type.eq(signal.signal_type.as_str()),
                key_signals::severity.eq(signal.severity.as_str()),
                key_signals::title.eq(&signal.title),
            ),
            (
                key_signals::description.eq(signal.description.as_deref()),
                key_signals::natural_key.eq(&signal.natural_key),
                key_signals::metadata.eq(signal.metadata.clone().map(DbDoc)),
                key_signals::acknowledged.eq(signal.acknowledged.is_some()),
                key_signals::acknowledged_at.eq(acknowledged_at.map(DbTs)),
                key_signals::acknowledged_by.eq(acknowledged_by),
                key_signals::created_at.eq(DbTs(signal.created_at)),
            ),
        );
        Ok(put!(conn, company, key_signals, "key_signals.put", "key_signals.is_put", signal.id.0, row))
    }

    async fn imported_calls(&mut self, source: &[i64]) -> Result<HashMap<i64, CallId>, StoreError> {
        let (conn, company) = self.parts();
        if source.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(i64, i64)> = on_db!(conn, "imported_calls.find", |c| {
            imported_calls::table
                .filter(imported_calls::company_id.eq(company))
                .filter(imported_calls::source_id.eq_any(source.iter().copied()))
                .select((imported_calls::source_id, imported_calls::call_id))
                .load(c)
                .await
        })
        .map_err(fail("imported_calls"))?;
        Ok(rows.into_iter().map(|(source, call)| (source, CallId(call))).collect())
    }

    async fn calls_around(
        &mut self,
        phone: &PhoneNumber,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<CallId>, StoreError> {
        let (conn, company) = self.parts();
        let rows: Vec<(DbTs, i64)> = on_db!(conn, "calls.around", |c| {
            let imported = imported_calls::table
                .filter(imported_calls::company_id.eq(company))
                .select(imported_calls::call_id);
            calls::table
                .filter(calls::company_id.eq(company))
                .filter(calls::phone_number.eq(phone.as_str()))
                .filter(calls::created_at.between(DbTs(from), DbTs(until)))
                .filter(diesel::dsl::not(calls::id.eq_any(imported)))
                .select((calls::created_at, calls::id))
                .load(c)
                .await
        })
        .map_err(fail("calls"))?;
        let mut rows: Vec<_> = rows.into_iter().map(|(at, id)| (at.0, CallId(id))).collect();
        rows.sort_unstable();
        Ok(rows.into_iter().rev().map(|(_, id)| id).collect())
    }

    async fn note_imported_call(
        &mut self,
        source: i64,
        call: CallId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let row = (
            imported_calls::company_id.eq(company),
            imported_calls::source_id.eq(source),
            imported_calls::call_id.eq(call.0),
            imported_calls::created_at.eq(DbTs(now)),
        );
        on_db!(conn, "imported_calls.insert", |c| {
            diesel::insert_into(imported_calls::table).values(row).execute(c).await
        })
        .map_err(fail("imported_calls"))?;
        Ok(())
    }

    async fn put_outcome(
        &mut self,
        call: CallId,
        outcome: &MovedOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let row = (
            call_outcomes::call_id.eq(call.0),
            call_outcomes::company_id.eq(company),
            call_outcomes::cancelled.eq(outcome.cancelled),
            call_outcomes::bought.eq(outcome.bought),
            call_outcomes::still_deciding.eq(outcome.still_deciding),
            call_outcomes::loss_reason.eq(outcome.loss_reason.as_deref()),
            call_outcomes::sold_price_cents.eq(outcome.sold_price_cents),
            call_outcomes::has_discrepancies.eq(outcome.has_discrepancies),
            call_outcomes::updated_at.eq(DbTs(now)),
        );
        on_db!(conn, "call_outcomes.put", |c| {
            diesel::insert_into(call_outcomes::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("call_outcomes"))?;
        Ok(())
    }
}
