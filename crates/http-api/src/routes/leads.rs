use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use app::reads::{LeadFilter, LeadList, LeadSort};
use serde_json::Map;

use crate::{
    ApiError, ApiState, Caller,
    envelope::{enveloped, with_meta},
    params::Params,
};

/// `GET /api/v1/leads`: a bare list, its totals in `meta`.
pub async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar_for(&caller, &params, ["date_from", "date_to"]).await?;
    let filter = LeadFilter {
        statuses: params.words("status"),
        source: params.word("source"),
        priority: params.word("priority"),
        rep: params.user("rep_id"),
        from: params.from("date_from", calendar),
        until: params.until("date_to", calendar),
        search: params.text("search"),
        sort: match params.choice("sort", &["created_at", "priority"]).as_deref() {
            Some("priority") => LeadSort::Priority,
            _ => LeadSort::CreatedAt,
        },
        limit: params.integer("limit", 1..=200, 50),
        offset: params.integer("offset", 0..=i64::MAX, 0),
    };
    params.ordered("date_from", filter.from, filter.until);
    params.check()?;
    let (viewer, now) = (caller.viewer(), state.now());
    let (limit, offset) = (filter.limit, filter.offset);
    let LeadList { rows, total } =
        state.read(|ports| async move { ports.reads.leads(&viewer, &filter, now).await }).await?;
    let totals = [("total", total), ("limit", limit), ("offset", offset)];
    let meta: Map<_, _> = totals.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    Ok(with_meta(&request, rows, state.now(), meta))
}

/// `GET /api/v1/leads/{lead_id}`.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::not_found("Lead");
    let (viewer, id) = (caller.viewer(), path.parse().map_err(|_| missing())?);
    let lead = state.read(|ports| async move { ports.reads.lead(&viewer, id).await }).await?;
    let lead = lead.ok_or_else(missing)?;
    Ok(enveloped(&request, lead, state.now()))
}
