use app::ports::{
    CrmRepository, EnsuredContact, EnsuredLead, NewAppointment, NewContact, NewLead, NewSignalRow, NewTaskRow,
};
use async_trait::async_trait;
use crm::{AppointmentChange, AppointmentStatus, ContactUpdate, KnownLead, LeadMove, TaskSource, TaskStatus};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, LeadId, StoreError, TaskId, Timestamp, fingerprint};

use super::{contacts, leads, learned};
use crate::{
    db::on_db,
    error::fail,
    kept::kept,
    literals::TaskWaiting,
    schema::{appointments, key_signals, tasks},
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

fn open_statuses() -> impl Iterator<Item = &'static str> {
    AppointmentStatus::ALL.iter().filter(|status| status.is_open()).map(|status| status.as_str())
}

#[async_trait]
impl CrmRepository for SqlUnit {
    async fn ensure_contact(
        &mut self,
        contact: &NewContact<'_>,
        now: Timestamp,
    ) -> Result<EnsuredContact, StoreError> {
        let (conn, company) = self.parts();
        let ensured = contacts::ensure(conn, company, contact, now).await?;
        self.locked_card = Some(ensured.id);
        self.fresh_card = ensured.is_new.then_some(ensured.id);
        Ok(ensured)
    }

    async fn hear_of_contact(
        &mut self,
        id: ContactCardId,
        update: &ContactUpdate,
        (call, call_at): (CallId, Timestamp),
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        contacts::hear(conn, company, id, update, (call, call_at), now).await
    }

    async fn learn_from_calls(
        &mut self,
        contact: ContactCardId,
        lead: Option<LeadId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let is_locked = self.locked_card == Some(contact);
        let (conn, company) = self.parts();
        if !is_locked {
            contacts::lock(conn, company, contact).await?;
        }
        learned::learn_card(conn, company, contact, now).await?;
        match lead {
            Some(lead) => learned::learn_lead(conn, company, lead, now).await,
            None => Ok(()),
        }
    }

    async fn ensure_lead(&mut self, lead: &NewLead, now: Timestamp) -> Result<EnsuredLead, StoreError> {
        let contact = Some(lead.contact);
        let card = if self.fresh_card == contact {
            leads::Card::Fresh
        } else if self.locked_card == contact {
            leads::Card::Locked
        } else {
            leads::Card::Untouched
        };
        // asked again, it has the one that is made now
        self.fresh_card = None;
        let (conn, company) = self.parts();
        leads::ensure(conn, company, lead, card, now).await
    }

    async fn known_lead(&mut self, id: LeadId) -> Result<Option<KnownLead>, StoreError> {
        let (conn, company) = self.parts();
        leads::known(conn, company, id).await
    }

    async fn record_verdict(
        &mut self,
        id: LeadId,
        call: CallId,
        call_at: Timestamp,
        lead_move: Option<&LeadMove>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        leads::record_verdict(conn, company, id, call, call_at, lead_move, now).await
    }

    async fn insert_appointment(
        &mut self,
        appointment: &NewAppointment<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let row = (
            appointments::id.eq(DbId::from(appointment.id)),
            appointments::company_id.eq(company),
            appointments::lead_id.eq(DbId::from(appointment.lead)),
            appointments::contact_card_id.eq(Some(DbId::from(appointment.contact))),
            appointments::call_id.eq(Some(appointment.call.0)),
            appointments::scheduled_start.eq(DbTs(appointment.start)),
            appointments::status.eq(AppointmentStatus::Scheduled.as_str()),
            appointments::outcome.eq(crm::AppointmentOutcome::Pending.as_str()),
            appointments::appointment_type.eq(appointment.appointment_type),
            appointments::location.eq(appointment.location),
            appointments::service_type.eq(appointment.service_type),
            appointments::created_at.eq(DbTs(now)),
            appointments::updated_at.eq(DbTs(now)),
        );
        let added = on_db!(conn, "appointments.insert", |c| {
            diesel::insert_into(appointments::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("appointments"))?;
        Ok(added > 0)
    }

    async fn change_appointment(
        &mut self,
        change: &AppointmentChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let of = |id: kernel::AppointmentId| {
            appointments::table
                .filter(appointments::company_id.eq(company))
                .filter(appointments::id.eq(DbId::from(id)))
                .filter(appointments::status.eq_any(open_statuses()))
        };
        let changed = match change {
            AppointmentChange::Make { .. } => 0,
            AppointmentChange::Move { id, start } => {
                let lead: Option<DbId> = on_db!(conn, "appointments.find", |c| {
                    use diesel::OptionalExtension;
                    of(*id).select(appointments::lead_id).get_result(c).await.optional()
                })
                .map_err(fail("appointments"))?;
                let Some(lead) = lead else { return Ok(false) };
                let taken = appointments::table
                    .filter(appointments::company_id.eq(company))
                    .filter(appointments::lead_id.eq(lead))
                    .filter(appointments::scheduled_start.eq(DbTs(*start)))
                    .filter(appointments::status.eq_any(["scheduled", "confirmed", "completed"]))
                    .count();
                let taken: i64 = on_db!(conn, "appointments.find_at", |c| taken.get_result(c).await)
                    .map_err(fail("appointments"))?;
                if taken > 0 {
                    return Ok(false);
                }
                on_db!(conn, "appointments.move", |c| {
                    let update = diesel::update(of(*id)).set((
                        appointments::scheduled_start.eq(DbTs(*start)),
                        // its old end says nothing about its new one
                        appointments::scheduled_end.eq(None::<DbTs>),
                        appointments::status.eq(AppointmentStatus::Scheduled.as_str()),
                        appointments::version.eq(appointments::version + 1),
                        appointments::updated_at.eq(DbTs(now)),
                    ));
                    kept(update).execute(c).await
                })
                .map_err(fail("appointments"))?
            }
            AppointmentChange::Cancel { id } => on_db!(conn, "appointments.cancel", |c| {
                let update = diesel::update(of(*id)).set((
                    appointments::status.eq(AppointmentStatus::Cancelled.as_str()),
                    appointments::version.eq(appointments::version + 1),
                    appointments::updated_at.eq(DbTs(now)),
                ));
                kept(update).execute(c).await
            })
            .map_err(fail("appointments"))?,
        };
        Ok(changed > 0)
    }

    async fn insert_task(&mut self, task: &NewTaskRow<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        // unique within the contact; a caller without one is told apart by the call
        let owner = task.contact.map_or_else(|| format!("call:{}", task.call), |contact| contact.to_string());
        let overdue = task.task.due_at.is_some_and(|due| due < now);
        let status = if overdue { TaskStatus::Overdue } else { TaskStatus::Open };
        let row = (
            tasks::id.eq(DbId::from(task.id)),
            tasks::company_id.eq(company),
            tasks::contact_card_id.eq(task.contact.map(DbId::from)),
            tasks::lead_id.eq(task.lead.map(DbId::from)),
            tasks::call_id.eq(Some(task.call.0)),
            tasks::description.eq(&task.task.description),
            tasks::assigned_to.eq(task.task.assigned_to.as_str()),
            tasks::source.eq(TaskSource::Shunya.as_str()),
            tasks::action_type.eq(task.task.action_type.as_deref()),
            tasks::natural_key.eq(fingerprint(&[owner.as_bytes(), task.task.key.as_bytes()])),
            tasks::due_at.eq(task.task.due_at.map(DbTs)),
            tasks::status.eq(status.as_str()),
            tasks::priority.eq(task.task.priority.map(crm::Priority::as_str)),
            (tasks::created_at.eq(DbTs(now)), tasks::updated_at.eq(DbTs(now))),
        );
        let added = on_db!(conn, "tasks.insert", |c| {
            diesel::insert_into(tasks::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("tasks"))?;
        Ok(added > 0)
    }

    async fn insert_signal(&mut self, signal: &NewSignalRow<'_>, now: Timestamp) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        let planned = signal.signal;
        let key = fingerprint(&[signal.contact.to_string().as_bytes(), planned.key.as_bytes()]);
        let metadata = (!planned.metadata.is_null()).then(|| DbDoc(planned.metadata.clone()));
        let row = (
            key_signals::id.eq(DbId::from(signal.id)),
            key_signals::company_id.eq(company),
            key_signals::contact_card_id.eq(DbId::from(signal.contact)),
            key_signals::lead_id.eq(signal.lead.map(DbId::from)),
            key_signals::call_id.eq(Some(signal.call.0)),
            key_signals::signal_type.eq(planned.signal_type.as_str()),
            key_signals::severity.eq(planned.severity.as_str()),
            key_signals::title.eq(&planned.title),
            key_signals::description.eq(planned.description.as_deref()),
            key_signals::natural_key.eq(key),
            key_signals::metadata.eq(metadata),
            key_signals::created_at.eq(DbTs(now)),
        );
        let added = on_db!(conn, "key_signals.insert", |c| {
            diesel::insert_into(key_signals::table).values(row).on_conflict_do_nothing().execute(c).await
        })
        .map_err(fail("key_signals"))?;
        Ok(added > 0)
    }

    async fn mark_overdue(&mut self, now: Timestamp, limit: i64) -> Result<Vec<TaskId>, StoreError> {
        let (conn, company) = self.parts();
        let due: Vec<DbId> = on_db!(conn, "tasks.find_overdue", |c| {
            tasks::table
                .filter(tasks::company_id.eq(company))
                .filter(TaskWaiting)
                .filter(tasks::due_at.lt(DbTs(now)))
                .order((tasks::due_at, tasks::id))
                .limit(limit)
                .select(tasks::id)
                .load(c)
                .await
        })
        .map_err(fail("tasks"))?;
        let marked: Vec<DbId> = on_db!(conn, "tasks.mark_overdue", |c| {
            // just found among this tenant's; named again, the tenant would lead SQLite to look through all its tasks
            let update = diesel::update(tasks::table.filter(tasks::id.eq_any(due)).filter(TaskWaiting))
                .set((
                    tasks::status.eq(TaskStatus::Overdue.as_str()),
                    tasks::version.eq(tasks::version + 1),
                    tasks::updated_at.eq(DbTs(now)),
                ))
                .returning(tasks::id);
            kept(update).get_results(c).await
        })
        .map_err(fail("tasks"))?;
        Ok(marked.into_iter().map(TaskId::from).collect())
    }
}
