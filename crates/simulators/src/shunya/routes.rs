//! The endpoints (contract `shunya.md` §4.1, §4.2), each by its present path and by the one of November 15.

use std::{sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data, Path, ServiceConfig},
};
use serde_json::json;

use super::{
    Shunya,
    errors::{ApiError, Outages},
    job::{Event, Job, KeyReused, Stage, Taken},
    payload, requests,
};
use crate::server;

/// How long the answer to a submission waits for the webhook that overtakes it: at Shunya's own pace, and at least.
const OVERTAKEN: [Duration; 2] = [Duration::from_secs(20), Duration::from_secs(5)];

pub(super) fn routes(config: &mut ServiceConfig) {
    config.route("/health", web::get().to(health));
    config.route("/api/v1/transcription/transcribe", web::post().to(transcribe));
    config.route("/api/v1/transcription/status/{call}", web::get().to(transcription_status));
    config.route("/api/v1/transcription/transcript/{call}", web::get().to(transcript));
    for prefix in ["/api/v1/analysis", "/api/v1/call-analysis"] {
        config.route(&format!("{prefix}/start/{{call}}"), web::post().to(start));
        config.route(&format!("{prefix}/status/{{call}}"), web::get().to(analysis_status));
        config.route(&format!("{prefix}/complete/{{call}}"), web::get().to(complete));
        config.route(&format!("{prefix}/{{section}}/{{call}}"), web::get().to(section));
    }
    config.default_service(web::to(nothing));
}

async fn health(shunya: Data<Shunya>) -> HttpResponse {
    let now = kernel::rfc3339(shunya.control.sim.now());
    HttpResponse::Ok().json(json!({ "status": "healthy", "version": "1.4.2", "timestamp": now }))
}

async fn nothing(shunya: Data<Shunya>, request: HttpRequest) -> HttpResponse {
    ApiError::not_found("no such endpoint").answer(&shunya.control.sim, &request)
}

type Answer = Result<HttpResponse, ApiError>;

/// Answers, with whatever goes wrong today. Requests that are wrong themselves are always told so.
async fn guarded<F>(
    shunya: &Shunya,
    request: &HttpRequest,
    fault_about: (&str, &str),
    good: F,
) -> HttpResponse
where
    F: Future<Output = Answer>,
{
    let sim = &shunya.control.sim;
    let fault = shunya.control.desk.request(fault_about.0, fault_about.1);
    let outages = Outages { sim, request };
    let good = async { good.await.unwrap_or_else(|error| error.answer(sim, request)) };
    server::answer(sim, request, fault, &outages, good).await
}

async fn transcribe(shunya: Data<Shunya>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let shunya = shunya.into_inner();
    let read = shunya.company_of(&request).and_then(|company| requests::submission(&request, company, &body));
    let submission = match read {
        Ok(submission) => submission,
        Err(error) => return error.answer(&shunya.control.sim, &request),
    };
    let about = format!("{}/{}", submission.company, submission.call_id);
    let taken = Arc::clone(&shunya);
    let good = async move {
        let submitted = taken.jobs.submit(submission, &taken.control.sim);
        let Taken { job, is_new } = submitted
            .map_err(|KeyReused| ApiError::bad_request("the idempotency key was used for another call"))?;
        if is_new {
            take_up(&taken, &job);
        }
        if is_new && taken.strikes(&job, "early", |faults| faults.early_webhook) {
            overtaken(&taken, &job).await;
        }
        Ok(HttpResponse::Ok().json(json!({
            "success": true, "message": "Transcription started", "transcript_id": job.transcript_id,
            "task_id": job.task_id,
        })))
    };
    guarded(&shunya, &request, ("shunya.transcribe", &about), good).await
}

fn take_up(shunya: &Arc<Shunya>, job: &Job) {
    if shunya.strikes(job, "not started", |faults| faults.analysis_not_started) {
        shunya.jobs.change(&job.task_id, |job| job.wants_analysis = false);
    }
    shunya.carry_on(&job.task_id);
    shunya.control.changed();
}

/// Waits until the webhook is out: Otto then hears of the end of a job whose id it does not know yet.
async fn overtaken(shunya: &Shunya, job: &Job) {
    if shunya.otto.borrow().is_none() {
        return;
    }
    let ended = [Event::AnalysisComplete, Event::AnalysisFailed, Event::TranscriptionFailed];
    let told = shunya.control.until(|| {
        let job = shunya.jobs.get(&job.task_id);
        job.is_none_or(|job| job.told.iter().any(|event| ended.contains(event)))
    });
    let [real, least] = OVERTAKEN;
    tokio::select! {
        () = told => {}
        () = shunya.control.sim.sleep_at_least(real, least) => {}
    }
}

/// Finds the call a path names and answers about it.
async fn about_call(
    shunya: &Shunya,
    request: &HttpRequest,
    operation: &str,
    call: &str,
    answer: impl FnOnce(&Job) -> Answer,
) -> HttpResponse {
    let found = shunya.company_of(request).and_then(|company| {
        let call_id = call.parse().map_err(|_| ApiError::invalid("call_id", "call_id must be an integer"))?;
        Ok((company, call_id))
    });
    let (company, call_id) = match found {
        Ok(found) => found,
        Err(error) => return error.answer(&shunya.control.sim, request),
    };
    let about = format!("{company}/{call_id}");
    let good = async {
        let job = shunya.jobs.of_call(&company, call_id).ok_or_else(|| ApiError::no_such_call(call_id))?;
        answer(&job)
    };
    guarded(shunya, request, (operation, &about), good).await
}

async fn transcription_status(
    shunya: Data<Shunya>,
    request: HttpRequest,
    call: Path<String>,
) -> HttpResponse {
    about_call(&shunya, &request, "shunya.transcription_status", &call, |job| {
        let status = match (job.transcribed_at, job.stage) {
            (Some(_), _) => "completed",
            (None, Stage::Failed) => "failed",
            (None, _) => "processing",
        };
        Ok(HttpResponse::Ok().json(json!({
            "success": true, "transcript_id": job.transcript_id, "call_id": job.call_id, "status": status,
            "created_at": kernel::rfc3339(job.submitted_at),
            "processed_at": job.transcribed_at.map(kernel::rfc3339),
        })))
    })
    .await
}

async fn transcript(shunya: Data<Shunya>, request: HttpRequest, call: Path<String>) -> HttpResponse {
    about_call(&shunya, &request, "shunya.transcript", &call, |job| {
        let subject = job.subject(&shunya.control.sim, shunya.quirks);
        let subject = subject.ok_or_else(|| ApiError::not_found("the transcript is not available"))?;
        Ok(HttpResponse::Ok().json(payload::transcript(subject.transcript_shape(), &subject)))
    })
    .await
}

async fn start(shunya: Data<Shunya>, request: HttpRequest, call: Path<String>) -> HttpResponse {
    let shunya = shunya.into_inner();
    let again = Arc::clone(&shunya);
    about_call(&shunya, &request, "shunya.start", &call, move |job| {
        if job.transcribed_at.is_none() {
            return Err(ApiError::not_available("there is no transcript to analyse"));
        }
        let idle = job.stage == Stage::Failed || (job.stage == Stage::Transcribed && !job.wants_analysis);
        if idle {
            again.jobs.change(&job.task_id, |job| {
                job.restarts += u32::from(job.stage == Stage::Failed);
                job.stage = Stage::Transcribed;
                job.wants_analysis = true;
                job.failure = None;
                job.finished_at = None;
                job.told.retain(|event| event.is_about_transcription());
            });
            again.carry_on(&job.task_id);
            again.control.changed();
        }
        let status = if job.stage == Stage::Completed { "completed" } else { "processing" };
        Ok(HttpResponse::Ok().json(json!({
            "success": true, "message": "Analysis started", "call_id": job.call_id, "status": status,
        })))
    })
    .await
}

async fn analysis_status(shunya: Data<Shunya>, request: HttpRequest, call: Path<String>) -> HttpResponse {
    about_call(&shunya, &request, "shunya.analysis_status", &call, |job| {
        let status = match job.stage {
            Stage::Queued => "pending",
            Stage::Transcribed if job.wants_analysis => "processing",
            Stage::Transcribed => return Err(ApiError::not_available("the analysis was not started")),
            Stage::Completed => "completed",
            Stage::Failed => "failed",
        };
        let message = job.failure.as_ref().map(|failure| format!("{}: {}", failure.code, failure.message));
        Ok(HttpResponse::Ok().json(json!({
            "success": true, "call_id": job.call_id, "status": status, "summarization_status": status,
            "objections_status": status, "qualification_status": status, "compliance_status": status,
            "retry_count": job.restarts, "error_message": message,
        })))
    })
    .await
}

/// What can be said of a job that is done; the reason why not otherwise.
fn done(shunya: &Shunya, job: &Job) -> Result<payload::Subject, ApiError> {
    if let Some(failure) = &job.failure {
        return Err(ApiError::failed(&failure.code, &failure.message));
    }
    job.subject(&shunya.control.sim, shunya.quirks)
        .filter(|_| job.stage == Stage::Completed)
        .ok_or_else(|| ApiError::not_available("the analysis is not available"))
}

async fn complete(shunya: Data<Shunya>, request: HttpRequest, call: Path<String>) -> HttpResponse {
    about_call(&shunya, &request, "shunya.complete", &call, |job| {
        let subject = done(&shunya, job)?;
        Ok(HttpResponse::Ok().json(payload::analysis(subject.generation(), &subject)))
    })
    .await
}

async fn section(shunya: Data<Shunya>, request: HttpRequest, path: Path<(String, String)>) -> HttpResponse {
    let (name, call) = path.into_inner();
    if !matches!(name.as_str(), "summary" | "objections" | "qualification" | "compliance") {
        return nothing(shunya, request).await;
    }
    about_call(&shunya, &request, "shunya.section", &call, |job| {
        let subject = done(&shunya, job)?;
        let section = payload::section(subject.generation(), &subject, &name);
        let section = section.ok_or_else(|| ApiError::not_available("the analysis is not available"))?;
        Ok(HttpResponse::Ok().json(section))
    })
    .await
}
