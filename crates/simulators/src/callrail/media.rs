//! Recordings: a link that works for a few minutes, and what is behind it.

use std::{ops::Range, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes, Data, Json, Path, ServiceConfig},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Callrail,
    call::{Recorded, Registered},
};
use crate::{
    audio, corpus,
    server::{self, ErrorAnswers},
    sign,
};

/// How long a link works.
const LINK_LIFE: Duration = Duration::from_mins(5);
/// A recording that is not ready yet is ready when it is asked for this often.
const NOT_READY_AT_MOST: u64 = 3;

impl Callrail {
    /// A link to a call's recording; nothing while there is none.
    pub(super) fn recording_link(&self, id: &str) -> Option<String> {
        let call = self.calls.find(id);
        let there = call.as_ref().is_some_and(|call| call.recorded == Recorded::Attached);
        if !there && self.calls.registered(id).is_none() {
            return None;
        }
        let desk = &self.control.desk;
        let late = desk.times(|faults| faults.recording_not_ready, NOT_READY_AT_MOST, &["not ready", id]);
        if u64::from(desk.tally("callrail.recording", id)) < late {
            return None;
        }
        let expires = (self.control.sim.now() + LINK_LIFE).timestamp_millis().to_string();
        let proof = self.proof(id, &expires);
        Some(format!("{}/media/{id}.{expires}.{proof}", self.settings.base_url))
    }

    fn proof(&self, id: &str, expires: &str) -> String {
        sign::link_proof(self.settings.api_key.expose(), &[id, expires])
    }

    /// The recording behind a link that works.
    fn audio(&self, token: &str) -> Option<(String, Bytes)> {
        let mut parts = token.split('.');
        let (id, expires, proof) = (parts.next()?, parts.next()?, parts.next()?);
        let alive = expires.parse::<i64>().is_ok_and(|at| self.control.sim.now().timestamp_millis() < at);
        if parts.next().is_some() || !alive || proof != self.proof(id, expires) {
            return None;
        }
        let talk = match self.calls.find(id) {
            Some(call) => call.talk(),
            None => self.calls.registered(id),
        };
        Some((id.to_owned(), Bytes::from(audio::recording(talk?, id))))
    }
}

/// The file service's own failures, not the API's.
struct FileErrors;

impl ErrorAnswers for FileErrors {
    fn throttled(&self) -> HttpResponse {
        self.failed(503)
    }

    fn failed(&self, _: u16) -> HttpResponse {
        HttpResponse::ServiceUnavailable()
            .content_type("application/xml")
            .body("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>SlowDown</Code></Error>")
    }
}

pub(super) async fn media(
    callrail: Data<Callrail>,
    request: HttpRequest,
    token: Path<String>,
) -> HttpResponse {
    let Some((id, audio)) = callrail.audio(&token) else {
        return HttpResponse::Forbidden()
            .content_type("application/xml")
            .body("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>");
    };
    let (sim, desk) = (&callrail.control.sim, &callrail.control.desk);
    if desk.meets(|faults| faults.truncated_recording, "callrail.truncated", &id) {
        return server::break_off(sim, &request, "audio/wav", &audio);
    }
    let fault = desk.request("callrail.media", &id);
    server::answer(sim, &request, fault, &FileErrors, async { file(&request, audio) }).await
}

/// A file, or the part of it that was asked for.
fn file(request: &HttpRequest, audio: Bytes) -> HttpResponse {
    let asked = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let Some(range) = asked.and_then(|asked| part(asked, audio.len())) else {
        return HttpResponse::Ok()
            .content_type("audio/wav")
            .insert_header((header::ACCEPT_RANGES, "bytes"))
            .body(audio);
    };
    let shown = format!("bytes {}-{}/{}", range.start, range.end - 1, audio.len());
    HttpResponse::PartialContent()
        .content_type("audio/wav")
        .insert_header((header::CONTENT_RANGE, shown))
        .body(audio.slice(range))
}

/// One range of bytes, as in `bytes=100-199`, `bytes=100-` or `bytes=-100`.
fn part(asked: &str, len: usize) -> Option<Range<usize>> {
    let (from, to) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => from..to.saturating_add(1).min(len),
        (Ok(from), Err(_)) if to.is_empty() => from..len,
        (Err(_), Ok(last)) if from.is_empty() => len.saturating_sub(last)..len,
        _ => return None,
    };
    (range.start < range.end).then_some(range)
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the fields of the control API")]
struct Register {
    call_id: String,
    conversation_id: String,
    /// CallRail's name (`COM…`) for the company whose call it is; the first demo company's where it is left out.
    company_id: Option<String>,
}

/// What this stand-in's control API has besides the others'.
pub(super) fn control_routes(config: &mut ServiceConfig) {
    config.route("/recordings", web::post().to(register));
}

async fn register(callrail: Data<Callrail>, asked: Json<Register>) -> HttpResponse {
    let asked = asked.into_inner();
    if callrail.register(&asked.call_id, &asked.conversation_id, asked.company_id) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::NotFound().json(json!({ "error": "no such conversation" }))
    }
}

impl Callrail {
    /// Makes a recording of a conversation available under a call's id; `false` if there is no such conversation, or
    /// nothing is said in it.
    pub(crate) fn register(&self, call_id: &str, conversation: &str, company: Option<String>) -> bool {
        if corpus::find(conversation).is_none_or(|talk| talk.turns.is_empty()) {
            return false;
        }
        let (recording_of, conversation) = (call_id.to_owned(), conversation.to_owned());
        self.calls.register(Registered { recording_of, conversation, company });
        true
    }
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_of_files() {
        assert_eq!(part("bytes=0-9", 100), Some(0..10));
        assert_eq!(part("bytes=90-200", 100), Some(90..100));
        assert_eq!(part("bytes=40-", 100), Some(40..100));
        assert_eq!(part("bytes=-30", 100), Some(70..100));
        for nonsense in ["bytes=", "bytes=a-b", "bytes=9-3", "bytes=100-", "lines=1-2", "bytes=-"] {
            assert_eq!(part(nonsense, 100), None, "{nonsense}");
        }
    }
}
