//! Days and times as each generation writes them.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat};
use kernel::{Calendar, Timestamp};
use serde_json::{Value, json};

use super::{Generation, Subject};
use crate::corpus::Appointment;

/// The calendar of the submitted zone; without one the vendor falls back to UTC.
fn calendar(subject: &Subject) -> Calendar {
    subject.zone.and_then(|zone| Calendar::in_zone(zone.name()).ok()).unwrap_or(Calendar::UTC)
}

/// The day of an appointment, counted from the day of the call where the company is.
fn day(subject: &Subject, appointment: &Appointment) -> Option<NaiveDate> {
    calendar(subject).day_of(subject.started_at).checked_add_days(Days::new(appointment.days_ahead?))
}

/// When an appointment starts, on the wall's clock.
pub(super) fn local_start(subject: &Subject, appointment: &Appointment) -> Option<NaiveDateTime> {
    let time = NaiveTime::parse_from_str(appointment.local_time.as_deref()?, "%H:%M").ok()?;
    Some(day(subject, appointment)?.and_time(time))
}

/// When an appointment starts, as this generation writes it: with an offset or without one, as it happens; the day
/// alone where no time was said.
pub(super) fn appointment_start(
    generation: Generation,
    subject: &Subject,
    appointment: &Appointment,
) -> Value {
    let Some(local) = local_start(subject, appointment) else {
        return json!(day(subject, appointment).map(|day| day.to_string()));
    };
    let with_offset = subject.draw("appointment_offset").chance(0.5);
    let written = match (generation, with_offset) {
        (_, true) => with_offset_of(subject, calendar(subject).instant(local)),
        (Generation::N15, false) => local.format("%Y-%m-%d %H:%M").to_string(),
        (_, false) => local.format("%Y-%m-%dT%H:%M:%S").to_string(),
    };
    json!(written)
}

/// When something promised is due. Written without an offset it is UTC, as everything this vendor's servers write.
pub(super) fn due(generation: Generation, subject: &Subject, hours: f64) -> Value {
    let Ok(after) = std::time::Duration::try_from_secs_f64(hours * 3600.0) else { return Value::Null };
    let Ok(after) = chrono::Duration::from_std(after) else { return Value::Null };
    // a promise is kept by the minute
    let at = subject.started_at + after;
    let at = at - chrono::Duration::seconds(at.timestamp().rem_euclid(60));
    match generation {
        Generation::D15 => json!(with_offset_of(subject, at)),
        Generation::D8 => json!(at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        Generation::N15 => json!(at.format("%Y-%m-%dT%H:%M:%S").to_string()),
    }
}

fn with_offset_of(subject: &Subject, at: Timestamp) -> String {
    calendar(subject).local(at).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// An instant of the vendor's own work.
pub(super) fn stamp(generation: Generation, at: Timestamp) -> Value {
    json!(match generation {
        Generation::D15 => at.to_rfc3339_opts(SecondsFormat::Micros, true),
        Generation::D8 => at.to_rfc3339_opts(SecondsFormat::Secs, false),
        Generation::N15 => at.format("%Y-%m-%dT%H:%M:%S%.6f").to_string(),
    })
}
