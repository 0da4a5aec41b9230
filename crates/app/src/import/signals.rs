//! Key signals.

use crm::{SignalSeverity, SignalType, signal_key};
use kernel::{AppointmentId, ContactCardId, KeySignalId, LeadId, StoreError, fingerprint};

use super::{desk::Desk, report::Tally, row::id_of};
use crate::ports::{MovedSignal, OldRow, OldTable, Put, UnitOfWork};

/// A signal about a customer, or why it cannot be taken.
fn signal(company: &str, row: &OldRow, contact: ContactCardId) -> Result<MovedSignal, &'static str> {
    let id = row.text("id").ok_or("it has no id")?;
    let title = row.text("title").ok_or("it does not say what it is about")?;
    let signal_type: SignalType =
        row.word("signal_type").unwrap_or_default().ok_or("its type is none of ours")?;
    let key = signal_key(signal_type, &title);
    let acknowledged =
        row.flag("acknowledged").then(|| (row.instant("acknowledged_at"), row.text("acknowledged_by")));
    Ok(MovedSignal {
        id: KeySignalId(id_of(OldTable::KeySignals, company, &id)),
        contact,
        lead: None,
        appointment: None,
        signal_type,
        severity: row.word("severity").unwrap_or_default().unwrap_or(SignalSeverity::Medium),
        natural_key: fingerprint(&[contact.to_string().as_bytes(), key.as_bytes()]),
        title,
        description: row.text("description"),
        metadata: row.document("signal_metadata"),
        acknowledged,
        created_at: row.times().0,
    })
}

pub(super) async fn take(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let id = |row: &OldRow, table, column| Some(id_of(table, desk.company(), &row.text(column)?));
    let own: Vec<_> = page.iter().filter_map(|row| id(row, OldTable::KeySignals, "id")).collect();
    let there = unit.intake().there(OldTable::KeySignals, &own).await?;
    let leads: Vec<_> = page.iter().filter_map(|row| id(row, OldTable::Leads, "lead_id")).collect();
    let leads = unit.intake().there(OldTable::Leads, &leads).await?;
    let visits: Vec<_> =
        page.iter().filter_map(|row| id(row, OldTable::Appointments, "appointment_id")).collect();
    let visits = unit.intake().there(OldTable::Appointments, &visits).await?;
    for row in page {
        if id(row, OldTable::KeySignals, "id").is_some_and(|id| there.contains(&id)) {
            tally.there += 1;
            continue;
        }
        let contact = match row.card_phone() {
            Some(phone) => unit.intake().card_of(&phone).await?,
            None => None,
        };
        let Some(contact) = contact else {
            tally.set_aside(&row.key, "its customer has no card that could be taken");
            continue;
        };
        let mut moved = match signal(desk.company(), row, contact) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&row.key, why);
                continue;
            }
        };
        moved.lead = id(row, OldTable::Leads, "lead_id").filter(|id| leads.contains(id)).map(LeadId);
        moved.appointment = id(row, OldTable::Appointments, "appointment_id")
            .filter(|id| visits.contains(id))
            .map(AppointmentId);
        match unit.intake().put_signal(&moved).await? {
            Put::Taken => tally.taken += 1,
            Put::There => tally.there += 1,
            Put::Refused => tally.set_aside(&row.key, "another open one says the same"),
        }
    }
    Ok(())
}
