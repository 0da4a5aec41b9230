//! Twilio's recordings (contract `twilio.md` §5): files behind Basic authentication.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Bytes, Data, Json},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kernel::Secret;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    StartError, audio,
    control::{self, Control},
    corpus,
    journal::Journal,
    server::{self, Bound, ErrorAnswers, Running},
};

/// Counts of the simulated Twilio.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TwilioStats {
    /// Recordings known.
    pub recordings: u64,
    /// Recordings handed out.
    pub downloads: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Registered {
    recording_sid: String,
    conversation_id: String,
}

/// The simulated Twilio.
pub(crate) struct Twilio {
    pub(crate) control: Arc<Control>,
    account_sid: String,
    auth_token: Secret,
    recordings: Mutex<HashMap<String, String>>,
    journal: Option<Journal>,
    downloads: AtomicU64,
}

impl Twilio {
    /// Prepares it, with the recordings of an earlier process.
    pub(crate) fn open(
        control: Arc<Control>,
        account_sid: String,
        auth_token: Secret,
        state_dir: Option<&Path>,
    ) -> Result<Arc<Self>, StartError> {
        let (journal, known) = Self::recall(state_dir).map_err(StartError::State)?;
        let recordings =
            known.into_iter().map(|known| (known.recording_sid, known.conversation_id)).collect();
        let recordings = Mutex::new(recordings);
        let downloads = AtomicU64::default();
        Ok(Arc::new(Self { control, account_sid, auth_token, recordings, journal, downloads }))
    }

    fn recall(state_dir: Option<&Path>) -> io::Result<(Option<Journal>, Vec<Registered>)> {
        let Some(folder) = state_dir else { return Ok((None, Vec::new())) };
        let (journal, known) = Journal::open(folder, "twilio.jsonl", |all| all)?;
        Ok((Some(journal), known))
    }

    pub(crate) fn serve(self: &Arc<Self>, bound: Bound) -> Result<Running, StartError> {
        let counted = Arc::clone(self);
        let stats: control::Stats =
            Arc::new(move || serde_json::to_value(counted.stats()).unwrap_or_default());
        let twilio = Data::from(Arc::clone(self));
        server::serve(bound, Arc::clone(&self.control), move |config| {
            config.app_data(twilio.clone());
            control::routes(config, Arc::clone(&stats), |config| {
                config.route("/recordings", web::post().to(register));
            });
            config.route("/2010-04-01/Accounts/{account}/Recordings/{file}", web::get().to(recording));
            config.default_service(web::to(nothing));
        })
    }

    pub(crate) fn stats(&self) -> TwilioStats {
        let recordings = self.recordings.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        TwilioStats { recordings, downloads: self.downloads.load(Ordering::Relaxed) }
    }

    /// Makes a recording of a conversation available; `false` if there is no such conversation, or nothing is said in it.
    pub(crate) fn register(&self, recording_sid: &str, conversation_id: &str) -> bool {
        if corpus::find(conversation_id).is_none_or(|talk| talk.turns.is_empty()) {
            return false;
        }
        let (sid, conversation) = (recording_sid.to_owned(), conversation_id.to_owned());
        if let Some(journal) = &self.journal {
            journal.add(&Registered { recording_sid: sid.clone(), conversation_id: conversation.clone() });
        }
        self.recordings.lock().unwrap_or_else(PoisonError::into_inner).insert(sid, conversation);
        true
    }

    fn is_authentic(&self, request: &HttpRequest) -> bool {
        let sent = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let decoded = sent
            .and_then(|sent| sent.strip_prefix("Basic "))
            .and_then(|encoded| STANDARD.decode(encoded).ok());
        decoded.is_some_and(|sent| {
            sent == format!("{}:{}", self.account_sid, self.auth_token.expose()).as_bytes()
        })
    }

    fn audio(&self, sid: &str) -> Option<Bytes> {
        let recordings = self.recordings.lock().unwrap_or_else(PoisonError::into_inner);
        let talk = recordings.get(sid).and_then(|conversation| corpus::find(conversation))?;
        Some(Bytes::from(audio::recording(talk, sid)))
    }
}

/// Twilio's error body.
fn error(status: StatusCode, code: u32, message: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({
        "code": code, "message": message, "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status.as_u16(),
    }))
}

fn not_found(request: &HttpRequest) -> HttpResponse {
    let message = format!("The requested resource {} was not found", request.path());
    error(StatusCode::NOT_FOUND, 20404, &message)
}

async fn nothing(request: HttpRequest) -> HttpResponse {
    not_found(&request)
}

struct Outages;

impl ErrorAnswers for Outages {
    fn throttled(&self) -> HttpResponse {
        error(StatusCode::TOO_MANY_REQUESTS, 20429, "Too Many Requests")
    }

    fn failed(&self, status: u16) -> HttpResponse {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        error(status, 20500, "Internal Server Error")
    }
}

async fn recording(
    twilio: Data<Twilio>,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> HttpResponse {
    let (account, file) = path.into_inner();
    if !twilio.is_authentic(&request) {
        let mut response = error(StatusCode::UNAUTHORIZED, 20003, "Authenticate");
        let realm = header::HeaderValue::from_static("Basic realm=\"Twilio API\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        return response;
    }
    // no ending is WAV; an MP3 is not to be had here
    let sid = file.strip_suffix(".wav").unwrap_or(&file);
    let audio = twilio.audio(sid).filter(|_| account == twilio.account_sid);
    let Some(audio) = audio else { return not_found(&request) };
    let (sim, desk) = (&twilio.control.sim, &twilio.control.desk);
    let late = desk.times(|faults| faults.recording_not_ready, 3, &["not ready", sid]);
    if u64::from(desk.tally("twilio.recording", sid)) < late {
        return not_found(&request);
    }
    if desk.meets(|faults| faults.truncated_recording, "twilio.truncated", sid) {
        return server::break_off(sim, &request, "audio/x-wav", &audio);
    }
    let fault = desk.request("twilio.media", sid);
    let good = async {
        twilio.downloads.fetch_add(1, Ordering::Relaxed);
        HttpResponse::Ok().content_type("audio/x-wav").body(audio)
    };
    server::answer(sim, &request, fault, &Outages, good).await
}

async fn register(twilio: Data<Twilio>, asked: Json<Registered>) -> HttpResponse {
    if twilio.register(&asked.recording_sid, &asked.conversation_id) {
        HttpResponse::NoContent().finish()
    } else {
        HttpResponse::NotFound().json(json!({ "error": "no such conversation" }))
    }
}
