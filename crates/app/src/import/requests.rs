//! What the predecessor has of a call's analyses, as requests that were answered: from the answer itself where it was kept, and
//! else from the columns it was taken apart into, through the same reading as any answer.

use kernel::Timestamp;
use serde_json::{Map, Value, json};
use shunya_jobs::{AnalysisRecord, Normalised, Transcript, normalise, normalise_transcript};

use crate::ports::OldRow;

/// A request that was answered.
#[derive(Clone, Debug)]
pub(super) struct AnsweredRequest {
    /// The vendor's id for it.
    pub(super) vendor_id: Option<String>,
    /// The answer.
    pub(super) payload: Value,
    /// What it says.
    pub(super) read: Normalised,
    /// The words spoken.
    pub(super) transcript: Option<Transcript>,
    /// When it was made.
    pub(super) asked_at: Timestamp,
    /// When it was answered.
    pub(super) answered_at: Timestamp,
}

/// All that is known of a call's analyses.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The oldest first.
    pub(super) requests: Vec<AnsweredRequest>,
    /// What was said in a call nobody analysed.
    pub(super) transcript: Option<(Option<String>, Transcript, Timestamp)>,
    /// Transcripts that belong to none of these.
    pub(super) left_over: u64,
}

/// Reads a call's row with what was read along with it.
pub(super) fn known(call: &OldRow, began: Timestamp) -> Known {
    let mut jobs: Vec<_> = call.rows("_requests").into_iter().filter(|job| answer(job).is_some()).collect();
    let mut known = Known::default();
    for analysis in call.rows("_analyses") {
        let vendor_id = analysis.text("uwc_job_id");
        let its = match &vendor_id {
            Some(id) => jobs.iter().position(|job| job.text("shunya_job_id").as_ref() == Some(id)),
            // one that was stored without a name can only be meant if there is one
            None => (jobs.len() == 1).then_some(0),
        };
        let job = its.map(|at| jobs.remove(at));
        let at = analysis.instant("analyzed_at").or_else(|| analysis.instant("created_at"));
        known.requests.push(request(job.as_ref(), Some(&analysis), vendor_id, at.unwrap_or(began), began));
    }
    // answers the predecessor kept and could not take apart
    for job in jobs {
        let at = job.instant("completed_at").or_else(|| job.instant("updated_at")).unwrap_or(began);
        let one = request(Some(&job), None, None, at, began);
        if one.read.record != AnalysisRecord::default() || one.read.transcript.is_some() {
            known.requests.push(one);
        }
    }
    known.requests.sort_by_key(|request| request.answered_at);
    add_transcripts(&mut known, call, began);
    known
}

fn answer(job: &OldRow) -> Option<Value> {
    job.document("output_payload").filter(Value::is_object)
}

fn request(
    job: Option<&OldRow>,
    analysis: Option<&OldRow>,
    vendor_id: Option<String>,
    answered_at: Timestamp,
    began: Timestamp,
) -> AnsweredRequest {
    let payload = job.and_then(answer).or_else(|| analysis.map(columns)).unwrap_or_default();
    let mut read = normalise(&payload);
    let transcript = read.transcript.take();
    let asked_at = job.and_then(|job| job.instant("started_at").or_else(|| job.instant("created_at")));
    AnsweredRequest {
        vendor_id: job.and_then(|job| job.text("shunya_job_id")).or(vendor_id),
        payload,
        read,
        transcript,
        asked_at: asked_at.unwrap_or(answered_at).min(answered_at).max(began.min(answered_at)),
        answered_at,
    }
}

/// The columns an answer was taken apart into, put together again as the vendor would.
fn columns(analysis: &OldRow) -> Value {
    let object = |pairs: &[(&str, Option<Value>)]| {
        let there = pairs.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)));
        Value::Object(there.collect::<Map<_, _>>())
    };
    let column = |name: &str| analysis.columns.get(name).filter(|value| !value.is_null()).cloned();
    let list = |name: &str| analysis.document(name);
    let word = |name: &str| analysis.text(name).map(|text| Value::String(text.to_ascii_lowercase()));
    let objections = list("objection_details").filter(Value::is_array).or_else(|| list("objections"));
    json!({
        "qualification": object(&[
            ("qualification_status", word("lead_quality")),
            ("booking_status", word("booking_status")),
            ("call_outcome_category", word("call_outcome_category")),
        ]),
        "objections": object(&[("objections", objections)]),
        "compliance": object(&[
            ("compliance_score", column("sop_compliance_score")),
            ("stages_followed", list("sop_stages_completed")),
            ("stages_missed", list("sop_stages_missed")),
            ("violations", list("compliance_violations")),
            ("positive_behaviors", list("compliance_positive_behaviors")),
            ("recommendations", list("compliance_recommendations")),
        ]),
        "coaching_tips": list("coaching_tips").unwrap_or_default(),
        "sentiment_score": column("sentiment_score").unwrap_or_default(),
    })
}

fn spoken(row: &OldRow) -> Option<Transcript> {
    normalise_transcript(&json!({
        "transcript_text": row.text("transcript_text"),
        "speaker_labels": row.document("speaker_labels").unwrap_or_default(),
        "confidence_score": row.columns.get("confidence_score"),
        "language": row.text("language"),
    }))
}

/// Gives each request its transcript: the one of its name, else one that has no other place.
fn add_transcripts(known: &mut Known, call: &OldRow, began: Timestamp) {
    let mut rest = Vec::new();
    for row in call.rows("_transcripts") {
        let Some(transcript) = spoken(&row) else { continue };
        let name = row.text("uwc_job_id");
        let its = known.requests.iter_mut().find(|one| name.is_some() && one.vendor_id == name);
        match its {
            Some(request) => request.transcript = Some(transcript),
            None => rest.push((name, transcript, row.instant("created_at").unwrap_or(began))),
        }
    }
    if rest.is_empty()
        && known.requests.iter().all(|request| request.transcript.is_none())
        && let Some(text) = call.text("transcript")
        && let Some(transcript) = normalise_transcript(&json!({ "transcript_text": text }))
    {
        rest.push((None, transcript, began));
    }
    if known.requests.is_empty() {
        known.left_over = u64::try_from(rest.len().saturating_sub(1)).unwrap_or_default();
        known.transcript = rest.pop();
        return;
    }
    for (_, transcript, _) in rest {
        match known.requests.iter_mut().rev().find(|request| request.transcript.is_none()) {
            Some(request) => request.transcript = Some(transcript),
            None => known.left_over += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use shunya_jobs::{BookingStatus, LeadQuality};

    use super::*;

    fn read(columns: &Value) -> Known {
        let row = OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() };
        known(&row, "2025-03-01T12:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_answer_goes_before_the_columns_it_was_taken_apart_into() {
        let known = read(&json!({
            "_requests": [{ "shunya_job_id": "task_1", "output_payload":
                "{\"qualification\": {\"qualification_status\": \"hot\", \"booking_status\": \"booked\"}}" }],
            "_analyses": [{ "uwc_job_id": "task_1", "lead_quality": "cold", "analyzed_at": "2025-03-01T13:00:00" }],
        }));
        let [request] = known.requests.as_slice() else { panic!("{known:?}") };
        assert_eq!(request.vendor_id.as_deref(), Some("task_1"));
        assert_eq!(request.read.record.lead_quality, Some(LeadQuality::Hot));
        assert_eq!(request.read.record.booking_status, Some(BookingStatus::Booked));
        assert_eq!(kernel::rfc3339(request.answered_at), "2025-03-01T13:00:00Z");
    }

    #[test]
    fn columns_are_read_as_an_answer_is() {
        let known = read(&json!({
            "_analyses": [{ "uwc_job_id": "task_1", "lead_quality": "WARM", "booking_status": "not_booked",
                "objections": ["Too dear"], "sop_compliance_score": 0.8, "sentiment_score": 0.6,
                "sop_stages_completed": "[\"Greeting\"]", "coaching_tips": ["Smile"] }],
        }));
        let record = &known.requests[0].read.record;
        assert_eq!((record.lead_quality, record.objections.len()), (Some(LeadQuality::Warm), 1));
        assert_eq!((record.compliance.score, record.sentiment_score), (Some(8.0), Some(0.6)));
        assert_eq!(record.compliance.stages[0].stage, "Greeting");
        assert_eq!(record.coaching_tips, ["Smile"]);
        assert_eq!(known.requests[0].read.unknown, []);
    }

    #[test]
    fn a_transcript_goes_to_the_request_of_its_name_and_one_without_to_the_newest() {
        let analyses = json!([{ "uwc_job_id": "a", "analyzed_at": "2025-03-01T13:00:00", "lead_quality": "hot" },
            { "uwc_job_id": "b", "analyzed_at": "2025-03-01T14:00:00", "lead_quality": "hot" }]);
        let words = |known: &Known| -> Vec<_> {
            known.requests.iter().map(|one| one.transcript.as_ref().map(|said| said.text.clone())).collect()
        };
        let named = read(&json!({ "_analyses": analyses, "_transcripts":
            [{ "uwc_job_id": "a", "transcript_text": "Hello" }] }));
        assert_eq!(words(&named), [Some("Hello".to_owned()), None]);
        let nameless = read(&json!({ "_analyses": analyses, "transcript": "Hello" }));
        assert_eq!(words(&nameless), [None, Some("Hello".to_owned())]);
    }

    #[test]
    fn words_nobody_analysed_are_kept() {
        let known = read(&json!({ "_transcripts": [{ "uwc_job_id": "a", "transcript_text": "Hello" }] }));
        assert!(known.requests.is_empty());
        assert_eq!(known.transcript.unwrap().1.text, "Hello");
        let nothing = read(&json!({ "_requests": [{ "shunya_job_id": "a", "output_payload": "{}" }] }));
        assert!(nothing.requests.is_empty() && nothing.transcript.is_none());
    }
}
