//! Appointments.

use crm::{AppointmentOutcome, AppointmentStatus};
use kernel::{AppointmentId, ContactCardId, LeadId, StoreError};

use super::{desk::Desk, report::Tally, row::id_of};
use crate::ports::{MovedAppointment, OldRow, OldTable, Put, UnitOfWork};

/// An appointment, or why it cannot be taken.
fn appointment(
    company: &str,
    row: &OldRow,
    lead: LeadId,
    contact: Option<ContactCardId>,
) -> Result<MovedAppointment, &'static str> {
    let id = row.text("id").ok_or("it has no id")?;
    let start = row.instant("scheduled_start").ok_or("it has no time")?;
    let status = row.word("status").map_err(|()| "its status is none of ours")?;
    let (created_at, updated_at) = row.times();
    Ok(MovedAppointment {
        id: AppointmentId(id_of(OldTable::Appointments, company, &id)),
        lead,
        contact,
        assigned_rep: row.user("assigned_rep_id"),
        start,
        end: row.instant("scheduled_end").filter(|end| *end > start),
        status: status.unwrap_or(AppointmentStatus::Scheduled),
        outcome: row.word("outcome").unwrap_or_default().unwrap_or(AppointmentOutcome::Pending),
        appointment_type: row
            .text("appointment_type")
            .map(|text| text.to_ascii_lowercase().replace('_', "-")),
        location: row.text("location_address").or_else(|| row.text("location")),
        service_type: row.text("service_type"),
        notes: row.text("notes"),
        external_id: row.text("external_id"),
        deal_size_cents: row.cents("deal_size"),
        created_at,
        updated_at,
    })
}

pub(super) async fn take(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let lead_of = |row: &OldRow| Some(id_of(OldTable::Leads, desk.company(), &row.text("lead_id")?));
    let ids: Vec<_> = page.iter().filter_map(lead_of).collect();
    let leads = unit.intake().there(OldTable::Leads, &ids).await?;
    let id = |row: &OldRow| Some(id_of(OldTable::Appointments, desk.company(), &row.text("id")?));
    let own: Vec<_> = page.iter().filter_map(id).collect();
    let there = unit.intake().there(OldTable::Appointments, &own).await?;
    for row in page {
        if id(row).is_some_and(|id| there.contains(&id)) {
            tally.there += 1;
            continue;
        }
        let Some(lead) = lead_of(row).filter(|lead| leads.contains(lead)) else {
            tally.set_aside(&row.key, "its lead is not there");
            continue;
        };
        let contact = match row.card_phone() {
            Some(phone) => unit.intake().card_of(&phone).await?,
            None => None,
        };
        let moved = match appointment(desk.company(), row, lead.into(), contact) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&row.key, why);
                continue;
            }
        };
        match unit.intake().put_appointment(&moved).await? {
            Put::Taken => tally.taken += 1,
            Put::There => tally.there += 1,
            Put::Refused => {
                let why = "another has its lead at that time, or its external id";
                tally.set_aside(&row.key, why);
            }
        }
    }
    Ok(())
}
