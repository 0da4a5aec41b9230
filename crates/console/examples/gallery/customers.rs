//! One customer in full.

use app::reads::{
    AppointmentSummary, CallLine, CallRecording, ContactBase, ContactCardDetail, ContactObjection,
    KeySignalLine, LeadSummary, StatusHistoryLine, TaskLine, TimelineLine,
};
use chrono::Duration;
use kernel::{AppointmentId, CompanyId, ContactCardId, KeySignalId, LeadId, TaskId, Timestamp};

use super::samples::{id, name_of};

fn text(text: &str) -> String {
    text.to_owned()
}

fn task(number: i64, contact: ContactCardId, what: &str, due: Timestamp, overdue: bool) -> TaskLine {
    TaskLine {
        id: TaskId(id(6, number)),
        description: text(what),
        assigned_to: text("csr"),
        assignee_id: None,
        source: text("shunya"),
        action_type: Some(text("send_sms")),
        due_at: Some(due),
        status: text(if overdue { "overdue" } else { "open" }),
        overdue,
        completed_at: None,
        completed_by: None,
        priority: None,
        notes: None,
        contact_card_id: Some(contact),
        lead_id: None,
        appointment_id: None,
        call_id: None,
        created_at: due - Duration::days(1),
        updated_at: due - Duration::days(1),
    }
}

fn signal(
    number: i64,
    contact: ContactCardId,
    severity: &str,
    title: &str,
    more: &str,
    at: Timestamp,
) -> KeySignalLine {
    KeySignalLine {
        id: KeySignalId(id(7, number)),
        signal_type: text("opportunity"),
        severity: text(severity),
        title: text(title),
        description: Some(text(more)),
        acknowledged: number > 1,
        acknowledged_at: None,
        acknowledged_by: None,
        contact_card_id: contact,
        lead_id: None,
        appointment_id: None,
        created_at: at,
    }
}

fn line(kind: &'static str, at: Timestamp, what: &str, of: &str) -> TimelineLine {
    TimelineLine { kind, timestamp: at, description: Some(text(what)), id: text(of) }
}

fn base(
    company: &CompanyId,
    id: ContactCardId,
    full: String,
    calls: &[CallLine],
    now: Timestamp,
) -> ContactBase {
    ContactBase {
        id,
        company_id: company.clone(),
        first_name: full.split(' ').next().map(text),
        last_name: full.split(' ').nth(1).map(text),
        full_name: Some(full),
        primary_phone: calls.iter().find_map(|call| call.phone_number.clone()),
        phone_number: None,
        secondary_phone: Some(text("+14805550177")),
        email: Some(text("dana.whitfield@example.com")),
        address: Some(text("1420 E Palo Verde Dr")),
        city: Some(text("Phoenix")),
        state: Some(text("AZ")),
        postal_code: Some(text("85014")),
        custom_metadata: None,
        created_at: now - Duration::days(12),
        updated_at: now,
    }
}

fn appointment(
    company: &CompanyId,
    contact: ContactCardId,
    lead: LeadId,
    now: Timestamp,
) -> AppointmentSummary {
    AppointmentSummary {
        id: AppointmentId(id(5, 1)),
        lead_id: lead,
        company_id: company.clone(),
        contact_card_id: Some(contact),
        assigned_rep_id: Some(text("user_2qKrep07")),
        scheduled_start: now + Duration::hours(19),
        scheduled_end: Some(now + Duration::hours(21)),
        status: text("scheduled"),
        outcome: text("pending"),
        location: Some(text("1420 E Palo Verde Dr")),
        service_type: Some(text("Roof inspection")),
        created_at: now,
        updated_at: now,
    }
}

fn moves(now: Timestamp) -> Vec<StatusHistoryLine> {
    let began = now - Duration::days(12);
    let moved = |from: Option<&str>, to: &str, at| StatusHistoryLine {
        from_status: from.map(text),
        to_status: text(to),
        reason: Some(text("analysis_verdict")),
        triggered_by: Some(text("shunya")),
        context: None,
        created_at: at,
    };
    vec![
        moved(None, "new", began),
        moved(Some("new"), "warm", began + Duration::minutes(6)),
        moved(Some("warm"), "qualified_booked", now - Duration::minutes(30)),
    ]
}

fn happened(now: Timestamp) -> Vec<TimelineLine> {
    let began = now - Duration::days(12);
    vec![
        line("call", began, "Missed call", "4102"),
        line("call", began + Duration::minutes(18), "Outbound call", "4105"),
        line("status_change", began + Duration::minutes(24), "New → Warm", "x"),
        line("call", now - Duration::minutes(36), "Inbound call", "4321"),
        line("task", now - Duration::minutes(30), "Text a photo of Luis before he comes", "x"),
        line("appointment", now - Duration::minutes(30), "Roof inspection made for Monday", "x"),
        line("status_change", now - Duration::minutes(30), "Warm → Qualified, booked", "x"),
    ]
}

/// Everything about the customer of these calls.
pub fn card(
    company: &CompanyId,
    contact: ContactCardId,
    calls: &[CallLine],
    now: Timestamp,
) -> ContactCardDetail {
    let number = i64::try_from(contact.0.as_u128() & 0xffff).unwrap_or_default();
    let lead = LeadId(id(2, number));
    let full =
        calls.iter().find_map(|call| call.customer_name.clone()).unwrap_or_else(|| text(name_of(number)));
    let rain = "Rain is forecast for Tuesday; the hallway ceiling is stained already.";
    ContactCardDetail {
        contact: base(company, contact, full, calls, now),
        lead_id: Some(lead),
        lead_status: Some(text("qualified_booked")),
        lead_status_history: moves(now),
        key_signals: vec![
            signal(1, contact, "high", "Leak before the next rain", rain, now),
            signal(
                2,
                contact,
                "medium",
                "Roof at the end of its life",
                "Concrete tile, about eighteen years old.",
                now,
            ),
        ],
        open_tasks: vec![
            task(1, contact, "Text a photo of Luis before he comes", now + Duration::hours(17), false),
            task(2, contact, "Send the warranty leaflet", now - Duration::hours(20), true),
        ],
        sop_compliance: Vec::new(),
        objections: vec![ContactObjection {
            category: Some(text("price_too_high")),
            objection_text: text("The last company wanted two hundred just to come out."),
            overcome: Some(true),
            severity: Some(text("medium")),
            timestamp: Some(41.0),
            call_id: calls.first().map(|call| call.call_id),
        }],
        missed_opportunities: Vec::new(),
        pending_actions: Vec::new(),
        appointment_outcome: Some(text("pending")),
        ai_summary: Some(text(
            "Leak after Friday's storm under an 18-year-old concrete tile roof. Free inspection booked for Monday at \
             nine; both owners will be home.",
        )),
        recording_sessions: Vec::new(),
        booking_timeline: happened(now),
        call_recordings: calls.iter().map(recording).collect(),
        text_threads: Vec::new(),
        nurture_threads: Vec::new(),
        property_snapshot: None,
        leads: vec![LeadSummary {
            id: lead,
            company_id: company.clone(),
            contact_card_id: contact,
            status: text("qualified_booked"),
            source: text("inbound_call"),
            priority: Some(text("high")),
            score: None,
            last_contacted_at: Some(now),
            deal_size: None,
            created_at: now - Duration::days(12),
            updated_at: now,
        }],
        appointments: vec![appointment(company, contact, lead, now)],
        recent_call_ids: Vec::new(),
    }
}

fn recording(call: &CallLine) -> CallRecording {
    let heard = call.stage == "analysed";
    CallRecording {
        call_id: call.call_id,
        started_at: call.created_at,
        transcript: heard.then(|| {
            text(
                "Agent: Thank you for calling Saguaro Roofing, this is Kim. How can I help? Customer: Hi, yes. We had \
                 that storm on Friday and now there's a brown stain on the ceiling of the hallway. I think some tiles \
                 have slipped.",
            )
        }),
        recording_url: None,
        duration_seconds: call.duration_seconds,
        direction: call.direction.clone(),
        missed_call: call.missed_call,
        booking_status: call.booking_status.clone(),
    }
}
