//! Calls as they might be: a roofing company in Phoenix on a Sunday afternoon.

use app::reads::{
    AnalysisState, CallAnalysisView, CallDetail, CallFailure, CallLine, CoachingTip, ObjectionDetail,
    SopStage, TranscriptSegment,
};
use chrono::Duration;
use kernel::{AnalysisId, CallId, ContactCardId, LeadId, Timestamp};
use serde_json::json;
use uuid::Uuid;

const NAMES: [&str; 24] = [
    "Dana Whitfield",
    "Marcus Bell",
    "Priya Raman",
    "Ellen Kowalski",
    "Tomás Herrera",
    "Grace Okafor",
    "Leo Brandt",
    "Naomi Sato",
    "Carl Jensen",
    "Bianca Rossi",
    "Owen Tran",
    "Ruth Abramson",
    "Jamal Pierce",
    "Ingrid Solberg",
    "Peter Van Houten",
    "Aaliyah Jones",
    "Wei Zhang",
    "Sofía Delgado",
    "Hank Morrison",
    "Yara Haddad",
    "Colin Frasier",
    "Meera Joshi",
    "Ted Lindqvist",
    "Olga Petrova",
];

/// A number that looks like chance and is the same every time.
pub fn draw(seed: i64, salt: i64, below: i64) -> i64 {
    let mixed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(salt.wrapping_mul(1_442_695_040_888_963_407));
    ((mixed >> 33) ^ mixed).rem_euclid(below)
}

/// A uuid for a number.
pub fn id(sort: u128, number: i64) -> Uuid {
    let number = u128::try_from(number).unwrap_or_default();
    Uuid::from_u128((0x0195_8f3c_0000_7000_u128 << 64) | (0x8000_u128 << 48) | (sort << 32) | number)
}

pub fn name_of(number: i64) -> &'static str {
    NAMES.get(usize::try_from(draw(number, 3, 24)).unwrap_or_default()).copied().unwrap_or("Nobody")
}

/// A call at a stage.
pub fn call(number: i64, stage: &str, at: Timestamp) -> CallLine {
    let analysed = stage == "analysed";
    let missed = stage == "missed";
    let live = matches!(stage, "ringing" | "in_progress");
    let verdict = draw(number, 11, 10);
    let booking = match verdict {
        0..=4 => "booked",
        5..=8 => "not_booked",
        _ => "service_not_offered",
    };
    let quality = match draw(number, 12, 9) {
        0 | 1 => "hot",
        2..=4 => "warm",
        5 => "cold",
        6 | 7 => "qualified",
        _ => "unqualified",
    };
    let status = match stage {
        "ringing" => "incoming",
        "in_progress" => "answered",
        "missed" => "missed",
        _ => "completed",
    };
    let area =
        [602, 480, 623].get(usize::try_from(draw(number, 5, 3)).unwrap_or_default()).copied().unwrap_or(602);
    let name = (draw(number, 9, 9) != 0).then(|| name_of(number).to_owned());
    let phone = format!("+1{area}55501{:02}", draw(number, 6, 100));
    CallLine {
        call_id: CallId(number),
        phone_number: Some(phone),
        customer_name: name.clone(),
        name,
        direction: Some(if draw(number, 8, 7) == 0 { "outbound" } else { "inbound" }.to_owned()),
        status: status.to_owned(),
        stage: stage.to_owned(),
        missed_call: missed,
        booked: analysed && booking == "booked",
        booking_status: analysed.then(|| booking.to_owned()),
        lead_quality: analysed.then(|| quality.to_owned()),
        duration_seconds: (!missed && !live)
            .then(|| i32::try_from(40 + draw(number, 7, 560)).unwrap_or_default()),
        contact_card_id: Some(ContactCardId(id(1, number % 17))),
        lead_id: Some(LeadId(id(2, number % 17))),
        owner_id: Some("user_2qKcsr01".to_owned()),
        assigned_rep_id: None,
        provider_call_id: format!("CAL{:016x}", number * 7919),
        problem_count: usize::from(draw(number, 13, 14) == 0),
        analyzed_at: analysed.then(|| at + Duration::minutes(4)),
        created_at: at,
    }
}

const TALK: [(&str, &str); 12] = [
    ("Agent", "Thank you for calling Saguaro Roofing, this is Kim. How can I help?"),
    (
        "Customer",
        "Hi, yes. We had that storm on Friday and now there's a brown stain on the ceiling of the hallway. I think some tiles have slipped.",
    ),
    ("Agent", "I'm sorry to hear that. Is water still coming in right now?"),
    (
        "Customer",
        "Not since yesterday, but they say more rain on Tuesday, so I'd like somebody to look at it before then.",
    ),
    ("Agent", "That makes sense. Is it a tile roof, and do you know roughly how old it is?"),
    (
        "Customer",
        "Concrete tile, it came with the house, so about eighteen years. What does an inspection cost? The last company wanted two hundred just to come out.",
    ),
    ("Agent", "Our inspections are free, and you get photos and a written quote the same day."),
    ("Customer", "Okay. I do want to talk to my wife before we sign anything."),
    (
        "Agent",
        "Of course, nothing is signed at the inspection. Would Monday between nine and eleven suit you both?",
    ),
    ("Customer", "Monday at nine works. She's home until noon."),
    (
        "Agent",
        "Perfect. I have you down for Monday at nine with Luis. You'll get a text with his photo when he's on the way.",
    ),
    ("Customer", "Great, thank you very much."),
];

fn turns() -> Vec<TranscriptSegment> {
    let mut start = 0.4;
    let turn = |(speaker, text): &(&str, &str)| {
        let seconds = 1.2 + text.len() as f64 / 15.0;
        let turn = TranscriptSegment {
            speaker: Some((*speaker).to_owned()),
            text: (*text).to_owned(),
            start_time: Some(start),
            end_time: Some(start + seconds),
        };
        start += seconds + 0.6;
        turn
    };
    TALK.iter().map(turn).collect()
}

fn objection(category: &str, text: &str, overcome: bool, severity: &str, at: f64) -> ObjectionDetail {
    ObjectionDetail {
        category: Some(category.to_owned()),
        category_id: Some(1),
        objection_text: Some(text.to_owned()),
        timestamp: Some(at),
        severity: Some(severity.to_owned()),
        overcome: Some(overcome),
        speaker_id: Some("Customer".to_owned()),
        confidence_score: Some(0.86),
        response_suggestions: vec![
            "Invite both decision makers to the inspection.".to_owned(),
            "Say what the written quote will hold, so that there is something to talk about at home."
                .to_owned(),
        ],
    }
}

/// What the AI made of a call.
pub fn analysis(line: &CallLine) -> CallAnalysisView {
    let stage = |stage: &str, status, score| SopStage { stage: stage.to_owned(), status, score: Some(score) };
    let mut found = CallAnalysisView::none(line.call_id, AnalysisState::Complete, None);
    found.analysis_id = Some(AnalysisId(id(4, line.call_id.0)));
    found.summary = Some(
        "The customer has a leak after Friday's storm under an 18-year-old concrete tile roof and wants it looked at \
         before Tuesday's rain. The agent explained the free inspection and booked Monday at nine with Luis; both \
         owners will be home."
            .to_owned(),
    );
    found.objection_details = vec![
        objection(
            "price_too_high",
            "The last company wanted two hundred just to come out.",
            true,
            "medium",
            41.0,
        ),
        objection(
            "needs_to_consult_spouse",
            "I do want to talk to my wife before we sign anything.",
            true,
            "low",
            58.0,
        ),
    ];
    found.objections = vec!["price_too_high".to_owned(), "needs_to_consult_spouse".to_owned()];
    found.coaching_tips = [
        "Ask for the email address before the end, the quote is sent there.",
        "Name the financing options when price comes up.",
    ]
    .map(|tip| CoachingTip { tip: tip.to_owned(), priority: None, category: None, timestamp: None })
    .to_vec();
    found.sentiment_score = Some(0.82);
    found.sop_compliance_score = Some(8.4);
    found.sop_compliance = vec![
        stage("greeting", "completed", 9.5),
        stage("discovery", "completed", 8.8),
        stage("urgency", "completed", 9.0),
        stage("value_proposition", "completed", 8.1),
        stage("objection_handling", "completed", 7.9),
        stage("contact_details", "missed", 3.0),
        stage("close", "completed", 9.2),
    ];
    found.compliance_violations = vec!["The email address was not asked for.".to_owned()];
    found.compliance_positive_behaviors = vec!["Asked whether water is still coming in.".to_owned()];
    found.lead_quality.clone_from(&line.lead_quality);
    found.booking_status.clone_from(&line.booking_status);
    found.call_outcome_category = Some("qualified_and_booked".to_owned());
    found.pending_actions = vec![
        json!({ "description": "Text the customer a photo of Luis before he comes.", "action_type": "send_sms", "due_at": "2026-11-23T15:30:00Z" }),
        json!({ "description": "Bring concrete tile samples.", "action_type": "custom", "due_at": null }),
    ];
    found.unknown_values = json!([{ "field": "appointment.type", "value": "site_visit" }]);
    found.analyzed_at = line.analyzed_at;
    found
}

/// A call in full.
pub fn detail(line: &CallLine) -> CallDetail {
    let analysed = line.stage == "analysed";
    let heard = analysed || line.stage == "analysing";
    CallDetail {
        call_id: line.call_id,
        phone_number: line.phone_number.clone(),
        customer_name: line.customer_name.clone(),
        name: line.name.clone(),
        address: Some("1420 E Palo Verde Dr, Phoenix, AZ 85014".to_owned()),
        contact_card_id: line.contact_card_id,
        lead_id: line.lead_id,
        direction: line.direction.clone(),
        status: line.status.clone(),
        stage: line.stage.clone(),
        call_type: Some("csr_call".to_owned()),
        missed_call: line.missed_call,
        booked: line.booked,
        booking_status: line.booking_status.clone(),
        duration_seconds: line.duration_seconds,
        owner_id: line.owner_id.clone(),
        assigned_rep_id: None,
        provider: "callrail".to_owned(),
        provider_call_id: line.provider_call_id.clone(),
        recording_url: None,
        transcript: heard.then(|| TALK.map(|(_, text)| text).join(" ")),
        transcript_segments: if heard { turns() } else { Vec::new() },
        analysis: analysed.then(|| analysis(line)),
        problems: match line.problem_count {
            0 => json!([]),
            _ => json!([{ "field": "duration", "code": "negative_duration" }]),
        },
        failure: (line.stage == "failed").then(|| CallFailure {
            code: "submission_failed".to_owned(),
            message: Some("the provider refused the request (400)".to_owned()),
        }),
        created_at: line.created_at,
        updated_at: line.created_at + Duration::minutes(5),
    }
}
