use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use app::reads::{
    AnalysisState, CallAnalysisView, CallCursor, CallDetail, CallFilter, DashboardBucket, LegacyCallDetail,
    LegacyCalls, Slice, call_detail,
};
use calls::CallStage;
use kernel::CallId;

use crate::{ApiError, ApiState, Caller, ErrorCode, envelope::enveloped, params::Params};

const STATUSES: [&str; 4] = ["incoming", "answered", "missed", "completed"];
const BOOKINGS: [&str; 3] = ["booked", "not_booked", "service_not_offered"];
const QUALITIES: [&str; 5] = ["hot", "warm", "cold", "qualified", "unqualified"];

fn no_call() -> ApiError {
    ApiError::not_found("Call").coded(ErrorCode::CallNotFound)
}

/// A call's number in a path: anything else is no call.
fn number(text: &str) -> Result<CallId, ApiError> {
    text.parse().map(CallId).map_err(|_| no_call())
}

async fn find(state: &ApiState, caller: &Caller, id: &str) -> Result<CallDetail, ApiError> {
    let (viewer, id) = (caller.viewer(), number(id)?);
    state.read(|ports| async move { call_detail(&ports, &viewer, id).await }).await?.ok_or_else(no_call)
}

/// `GET /api/v1/calls`: newest first, by cursor, at the same cost at any depth.
pub async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar_for(&caller, &params, ["date_from", "date_to"]).await?;
    let stages = CallStage::ALL.map(CallStage::as_str);
    // a filter by an id that is none of ours finds nothing
    let (contact, lead) = (params.id("contact_card_id"), params.id("lead_id"));
    let nothing = contact == Some(None) || lead == Some(None);
    let filter = CallFilter {
        after: params.parse("cursor", CallCursor::decode, "must be a next_cursor as it was answered"),
        limit: params.integer("limit", 1..=200, 50),
        status: params.choice("status", &STATUSES),
        stage: params.choice("stage", &stages),
        booking_status: params.choice("booking_status", &BOOKINGS),
        lead_quality: params.choice("lead_quality", &QUALITIES),
        direction: params.choice("direction", &["inbound", "outbound"]),
        missed: params.boolean("missed"),
        contact: contact.flatten(),
        lead: lead.flatten(),
        owner: params.user("owner_id"),
        phone: params.phone("phone_number").map(Into::into),
        from: params.from("date_from", calendar),
        until: params.until("date_to", calendar),
    };
    params.ordered("date_from", filter.from, filter.until);
    params.check()?;
    let page = if nothing {
        app::reads::CallPage { calls: Vec::new(), next_cursor: None, limit: filter.limit }
    } else {
        let viewer = caller.viewer();
        state.read(|ports| async move { ports.reads.calls(&viewer, &filter).await }).await?
    };
    Ok(enveloped(&request, page, state.now()))
}

/// `GET /api/v1/calls/{call_id}`.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let call = find(&state, &caller, &path).await?;
    Ok(enveloped(&request, call, state.now()))
}

/// `GET /api/v1/calls/{call_id}/analysis`.
pub async fn analysis(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let call = find(&state, &caller, &path).await?;
    let analysis = call.analysis.unwrap_or_else(|| {
        CallAnalysisView::none(call.call_id, AnalysisState::without_analysis(&call.stage), call.transcript)
    });
    Ok(enveloped(&request, analysis, state.now()))
}

/// `GET /calls`: the older list.
pub async fn legacy_list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let limit = params.integer("limit", 1..=200, 50);
    let offset = params.integer("offset", 0..=i64::MAX, 0);
    params.check()?;
    let slice = Slice { limit, offset };
    let (viewer, all) = (caller.viewer(), DashboardBucket::All);
    let calls =
        state.read(|ports| async move { ports.reads.dashboard_calls(&viewer, all, slice).await }).await?;
    Ok(HttpResponse::Ok().json(LegacyCalls::from(calls)))
}

/// `GET /call/{call_id}`: the older detail.
pub async fn legacy_get(
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let call = find(&state, &caller, &path).await?;
    Ok(HttpResponse::Ok().json(LegacyCallDetail::from(call)))
}
