use app::ports::{CallWebhooks, Delivery, TenantHints, Unreadable};
use calls::{CallEvent, CallEventKind, Direction, Problem, ProviderCallIds, RecordingRef, ReportedFacts};
use kernel::{PhoneNumber, Provider, Secret, Timestamp};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{
    body::{Parsed, parse},
    fields::Fields,
    is_signed,
    listed::listed_event,
    signature::could_be_signature,
};

/// The header the signature is in, lower-cased.
pub const SIGNATURE: &str = "signature";

const ACCOUNTS: [&str; 2] = ["company_resource_id", "company_id"];
const TRACKING: [&str; 3] = ["tracking_phone_number", "tracking_number", "trackingnum"];

/// CallRail's webhooks.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallrailWebhooks;

impl CallWebhooks for CallrailWebhooks {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }

    fn hints(&self, delivery: &Delivery) -> TenantHints {
        match parse(delivery) {
            Ok(parsed) => hints_of(&parsed.fields),
            // cut off or garbled: the company may still be legible, and only chooses the key to check with
            Err(_) => hints_of(&legible(&delivery.body)),
        }
    }

    fn has_proof(&self, delivery: &Delivery) -> bool {
        delivery.proof(SIGNATURE).is_some_and(could_be_signature)
    }

    fn verify(&self, delivery: &Delivery, key: &Secret) -> bool {
        delivery.proof(SIGNATURE).is_some_and(|signature| is_signed(key.expose(), &delivery.body, signature))
    }

    fn read(&self, delivery: &Delivery, kind: CallEventKind) -> Result<CallEvent, Unreadable> {
        let Parsed { fields, signed, unreadable } = parse(delivery)?;
        if kind == CallEventKind::Listed {
            return Ok(listed_event(fields, &delivery.body, delivery.received_at).1);
        }
        let said = if signed { &delivery.body[..] } else { delivery.query.as_bytes() };
        let mut event = event_of(&fields, kind, said, delivery.received_at);
        event.problems.extend(unreadable.iter().map(|name| Problem::new(name, "unreadable")));
        if !signed {
            // the signature covers the body, which is empty; what the address says is only as good as its secrecy
            event.problems.push(Problem::new("query", "unsigned_parameters"));
        }
        Ok(event)
    }
}

/// The company a payload names, by what each generation calls it.
pub fn hints_of(fields: &Map<String, Value>) -> TenantHints {
    let text = |name: &&str| match fields.get(*name) {
        Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    // nothing is proven yet: what could not be an account is not even looked for
    let is_account = |name: &String| {
        name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    };
    TenantHints {
        accounts: ACCOUNTS.iter().filter_map(text).filter(is_account).collect(),
        tracking_number: TRACKING.iter().filter_map(text).find_map(|text| PhoneNumber::parse(&text).ok()),
    }
}

/// What can be made out of bytes that do not parse: `"name": value` for the names that matter here.
fn legible(body: &[u8]) -> Map<String, Value> {
    let text = String::from_utf8_lossy(body);
    let mut fields = Map::new();
    for name in ACCOUNTS.iter().chain(&TRACKING) {
        let Some(at) = text.find(&format!("\"{name}\"")) else { continue };
        let rest = text.get(at + name.len() + 2..).unwrap_or_default().trim_start();
        let Some(rest) = rest.strip_prefix(':') else { continue };
        let value: String = rest
            .trim_start()
            .trim_start_matches('"')
            .chars()
            .take(64)
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '+')
            .collect();
        if !value.is_empty() {
            fields.insert((*name).to_owned(), Value::String(value));
        }
    }
    fields
}

pub fn digest(bytes: &[u8]) -> u64 {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

/// Reads a call object, of a webhook or of the REST API.
pub fn event_of(
    fields: &Map<String, Value>,
    kind: CallEventKind,
    raw: &[u8],
    received_at: Timestamp,
) -> CallEvent {
    let mut read = Fields::new(fields);
    let primary = read.id(&["resource_id", "call_resource_id"]);
    let legacy = read.id(&["id", "call_id"]);
    let customer = ["customer_phone_number", "caller_number", "callernum", "caller_phone_number"];
    let facts = ReportedFacts {
        direction: match read.text(&["direction"]).as_deref() {
            Some("inbound") => Some(Direction::Inbound),
            Some("outbound") => Some(Direction::Outbound),
            Some(_) => {
                read.problems.push(Problem::new("direction", "unknown_direction"));
                None
            }
            None => None,
        },
        answered: read.bool(&["answered"]),
        voicemail: read.bool(&["voicemail"]),
        phone: read.phone(&customer),
        tracking_number: read.phone(&TRACKING),
        customer_name: read.name(&["customer_name", "callername", "caller_name"]),
        customer_city: read.text(&["customer_city", "callercity"]),
        customer_state: read.text(&["customer_state", "callerstate"]),
        source: read.text(&["source_name", "source"]),
        campaign: read.text(&["utm_campaign", "campaign"]),
        csr_id: read.id(&["csr_id"]),
        started_at: read.instant(&["start_time", "timestamp", "created_at", "datetime"], received_at),
        duration_seconds: read.seconds(&["duration"]),
        recording: None,
    };
    let recording_seconds = read.seconds(&["recording_duration"]);
    let mut problems = read.problems;
    let ids = match (primary, legacy) {
        (Some(primary), legacy) => ProviderCallIds { primary, legacy },
        (None, Some(legacy)) => ProviderCallIds { primary: legacy.clone(), legacy: Some(legacy) },
        (None, None) => {
            problems.push(Problem::new("resource_id", "missing_call_id"));
            ProviderCallIds { primary: made_up_id(&facts, raw), legacy: None }
        }
    };
    // the link in the payload carries an access key and may point anywhere: only that there is one is taken from it
    let has_recording = ["recording", "recording_url"]
        .iter()
        .any(|name| fields.get(*name).and_then(Value::as_str).is_some_and(|link| !link.trim().is_empty()));
    let recording =
        has_recording.then(|| RecordingRef { id: ids.primary.clone(), duration_seconds: recording_seconds });
    CallEvent { kind, ids, digest: digest(raw), facts: ReportedFacts { recording, ..facts }, problems }
}

/// A call nobody named. The same caller calling the same number at the same moment is the same call; if even that is not
/// said, each payload is a call of its own.
fn made_up_id(facts: &ReportedFacts, raw: &[u8]) -> String {
    let print = match (&facts.phone, facts.started_at) {
        (Some(phone), Some(at)) => {
            let tracking = facts.tracking_number.as_ref().map_or("", PhoneNumber::as_str);
            kernel::fingerprint(&[phone.as_str().as_bytes(), tracking.as_bytes(), at.to_rfc3339().as_bytes()])
        }
        _ => kernel::fingerprint(&[raw]),
    };
    format!("unnamed-{}", print.get(..32).unwrap_or_default())
}
