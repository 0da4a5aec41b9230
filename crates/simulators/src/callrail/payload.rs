//! The call object as webhooks carry it (contract `callrail.md` §3) and as the REST API answers it (§4).

use chrono::{DateTime, SecondsFormat};
use chrono_tz::Tz;
use kernel::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    EventKind,
    call::{Recorded, SimCall, Source},
    numbers::{national, numeric_id, resource_id},
};
use crate::draw::Draw;

/// An instant as CallRail writes it: milliseconds and the company's offset.
pub(super) fn moment(call: &SimCall, at: Timestamp) -> String {
    let zone: Tz = call.company_time_zone.parse().unwrap_or(Tz::UTC);
    let local: DateTime<Tz> = at.with_timezone(&zone);
    local.to_rfc3339_opts(SecondsFormat::Millis, false)
}

/// The body of a webhook. What is missing is an empty text as often as null, as in the vendor's own example.
pub(super) fn webhook(call: &SimCall, kind: EventKind) -> Value {
    let mut out = Map::new();
    match kind {
        EventKind::Incoming => {
            // placeholders: nothing is known yet, and this is no missed call
            core(call, false, false, "missed", "0", &mut out);
        }
        EventKind::Answered => {
            core(call, true, false, "answered", "0", &mut out);
            out.insert("business_phone_number".to_owned(), json!(call.business_phone));
        }
        EventKind::Missed | EventKind::Completed | EventKind::Modified => {
            let seconds = call.duration.to_string();
            core(call, call.answered, call.voicemail, call.call_type(), &seconds, &mut out);
            whole(call, &mut out);
            legacy(call, &mut out);
            if kind == EventKind::Modified {
                out.insert("changes".to_owned(), changes(call));
            }
        }
    }
    Value::Object(out)
}

/// What every event says.
fn core(
    call: &SimCall,
    answered: bool,
    voicemail: bool,
    call_type: &str,
    duration: &str,
    out: &mut Map<String, Value>,
) {
    let start = moment(call, call.started_at);
    let tracker = [call.tracking_phone.as_str()];
    let person = [call.company_resource_id.as_str(), call.customer_phone.as_str()];
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    add("answered", json!(answered));
    add("business_phone_number", json!(if answered { call.business_phone.as_str() } else { "" }));
    add("call_type", json!(call_type));
    add("company_id", json!(call.company_id));
    add("company_resource_id", json!(call.company_resource_id));
    add("company_name", json!(call.company_name));
    add("company_time_zone", json!(call.company_time_zone));
    add("created_at", json!(moment(call, call.started_at + chrono::Duration::milliseconds(16))));
    add("customer_city", json!(call.customer_city));
    add("customer_country", json!("US"));
    add("customer_name", json!(call.customer_name));
    add("customer_phone_number", json!(call.customer_phone));
    add("customer_state", json!(call.customer_state));
    add("direction", json!(if call.is_outbound { "outbound" } else { "inbound" }));
    add("duration", json!(duration));
    add("first_call", json!(call.prior_calls == 0));
    add("id", json!(call.legacy_id));
    add("resource_id", json!(call.id));
    add("person_resource_id", json!(resource_id("PER", &person)));
    add("start_time", json!(start));
    add("tracker_id", json!(numeric_id(&tracker)));
    add("tracker_resource_id", json!(resource_id("TRK", &tracker)));
    add("tracking_phone_number", json!(call.tracking_phone));
    add("voicemail", json!(voicemail));
    add("timestamp", json!(start));
}

/// What is known once the call is over.
fn whole(call: &SimCall, out: &mut Map<String, Value>) {
    let attached = call.recorded == Recorded::Attached;
    let key = Draw::new(2, &[&call.id]).hex(16);
    let page = format!("https://app.callrail.com/calls/{}/recording", call.legacy_id);
    let ads = call.source == Source::GoogleAds;
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    add(
        "recording",
        json!(if attached { format!("{page}/redirect?access_key={key}") } else { String::new() }),
    );
    add("recording_duration", json!(attached.then_some(call.recording_duration)));
    add("recording_player", json!(if attached { format!("{page}?access_key={key}") } else { String::new() }));
    add("transcription", Value::Null);
    add("conversational_transcript", json!(""));
    add("call_summary", Value::Null);
    add("call_highlights", json!([]));
    add("keywords_spotted", json!(""));
    add("speaker_percent", json!(""));
    add("lead_status", Value::Null);
    add("good_lead_call_id", Value::Null);
    add("good_lead_call_time", Value::Null);
    add("note", json!(call.note));
    add("tags", json!(call.tags));
    add("value", json!(""));
    add("score", json!(1));
    add("prior_calls", json!(call.prior_calls));
    add("total_calls", json!(call.prior_calls + 1));
    add("source_name", json!(source_name(call.source)));
    add("source", json!(source_slug(call.source)));
    add("medium", json!(if ads { "cpc" } else { "" }));
    add("campaign", json!(if ads { "Emergency service" } else { "" }));
    for name in ["keywords", "referrer", "referring_url", "landing_page_url", "last_requested_url"] {
        add(name, json!(""));
    }
    add("referrer_domain", json!(""));
    add("utm_source", json!(if ads { "google" } else { "" }));
    add("utm_medium", json!(if ads { "cpc" } else { "" }));
    add("utm_campaign", json!(if ads { "Emergency service" } else { "" }));
    for name in ["utm_term", "utm_content", "gclid", "fbclid", "msclkid", "ga", "device_type"] {
        add(name, json!(""));
    }
    for name in ["utma", "utmb", "utmc", "utmv", "utmz"] {
        add(name, json!(""));
    }
    add("formatted_call_type", json!(capitalised(call.call_type())));
    add("formatted_customer_location", json!(format!("{}, {}", call.customer_city, call.customer_state)));
    add("formatted_customer_name", json!(call.customer_name));
    add("formatted_customer_name_or_phone_number", json!(call.customer_name));
    add("formatted_customer_phone_number", json!(national(&call.customer_phone)));
    add("formatted_tracking_phone_number", json!(national(&call.tracking_phone)));
    add("formatted_business_phone_number", json!(national(&call.business_phone)));
    add("formatted_duration", json!(formatted_duration(call.duration)));
    add("formatted_tracking_source", json!(source_name(call.source)));
    add("formatted_value", json!("--"));
    add("integration_data", json!([{ "integration": "Webhooks", "data": null }]));
}

/// The names of long ago, still sent.
fn legacy(call: &SimCall, out: &mut Map<String, Value>) {
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    add("callercity", json!(call.customer_city));
    add("callercountry", json!("US"));
    add("callername", json!(call.customer_name));
    add("callernum", json!(call.customer_phone));
    add("callerstate", json!(call.customer_state));
    add("callsource", json!(source_slug(call.source)));
    add("custom", json!(""));
    add("datetime", json!(utc_of_old(call)));
    add("destinationnum", json!(if call.answered { call.business_phone.as_str() } else { "" }));
    for name in ["ip", "kissmetrics_id", "landingpage", "referrermedium", "tag"] {
        add(name, json!(""));
    }
    add("trackingnum", json!(call.tracking_phone));
}

/// UTC without saying so.
fn utc_of_old(call: &SimCall) -> String {
    call.started_at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The attributes repeated behind the address.
pub(super) fn query(call: &SimCall) -> Vec<(&'static str, String)> {
    vec![
        ("callernum", call.customer_phone.clone()),
        ("callsource", source_slug(call.source).to_owned()),
        ("datetime", utc_of_old(call)),
        ("trackingnum", call.tracking_phone.clone()),
    ]
}

fn changes(call: &SimCall) -> Value {
    let mut changes = Vec::new();
    if !call.tags.is_empty() {
        changes.push("tags");
    }
    if !call.note.is_empty() {
        changes.push("note");
    }
    if changes.is_empty() {
        changes.push("recording_duration");
    }
    json!(changes)
}

/// A call as the REST API answers it: its own fields, and those asked for.
pub(super) fn rest(call: &SimCall, account: &str, fields: &[&str]) -> Value {
    let attached = call.recorded == Recorded::Attached;
    let mut out = Map::new();
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    add("answered", json!(call.answered));
    add("business_phone_number", json!(call.answered.then_some(&call.business_phone)));
    add("customer_city", json!(call.customer_city));
    add("customer_country", json!("US"));
    add("customer_name", json!(call.customer_name));
    add("customer_phone_number", json!(call.customer_phone));
    add("customer_state", json!(call.customer_state));
    add("direction", json!(if call.is_outbound { "outbound" } else { "inbound" }));
    add("duration", json!(call.duration));
    add("id", json!(call.id));
    add("start_time", json!(moment(call, call.started_at)));
    add("tracking_phone_number", json!(call.tracking_phone));
    add("voicemail", json!(call.voicemail));
    for field in fields {
        let value = match *field {
            "company_id" => json!(call.company_resource_id),
            "company_name" => json!(call.company_name),
            "company_time_zone" => json!(call.company_time_zone),
            "call_type" => json!(call.call_type()),
            "created_at" => json!(moment(call, call.started_at)),
            "first_call" => json!(call.prior_calls == 0),
            "prior_calls" => json!(call.prior_calls),
            "total_calls" => json!(call.prior_calls + 1),
            "source" => json!(source_slug(call.source)),
            "source_name" => json!(source_name(call.source)),
            "campaign" | "utm_campaign" if call.source == Source::GoogleAds => json!("Emergency service"),
            "tags" => json!(call.tags),
            "note" => json!(call.note),
            "tracker_id" => json!(resource_id("TRK", &[&call.tracking_phone])),
            "person_id" => json!(resource_id("PER", &[&call.company_resource_id, &call.customer_phone])),
            // an address of the API, which answers with the real one
            "recording" => json!(attached.then(|| {
                format!("https://api.callrail.com/v3/a/{account}/calls/{}/recording.json", call.id)
            })),
            "recording_duration" => json!(attached.then_some(call.recording_duration)),
            "recording_player" => json!(
                attached.then(|| { format!("https://app.callrail.com/calls/{}/recording", call.legacy_id) })
            ),
            // known to be asked for, and empty here
            "transcription" | "sentiment" | "zip_code" | "lead_status" | "value" | "campaign"
            | "utm_campaign" | "medium" | "keywords" => Value::Null,
            _ => continue,
        };
        out.insert((*field).to_owned(), value);
    }
    Value::Object(out)
}

fn source_name(source: Source) -> &'static str {
    match source {
        Source::GoogleAds => "Google Ads",
        Source::GoogleOrganic => "Google Organic",
        Source::Direct => "Direct",
        Source::Referral => "Referral",
    }
}

fn source_slug(source: Source) -> &'static str {
    match source {
        Source::GoogleAds => "google_paid",
        Source::GoogleOrganic => "google_organic",
        Source::Direct => "direct",
        Source::Referral => "referral",
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn formatted_duration(seconds: u64) -> String {
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds}s"),
        (minutes, seconds) => format!("{minutes}m {seconds}s"),
    }
}
