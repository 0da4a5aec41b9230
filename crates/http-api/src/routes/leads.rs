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
    let calendar = state.calendar(&caller).await?;
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
    let LeadList { rows, total } = state.ports.reads.leads(&caller.viewer(), &filter, state.now()).await?;
    let totals = [("total", total), ("limit", filter.limit), ("offset", filter.offset)];
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
    let id = path.parse().map_err(|_| missing())?;
    let lead = state.ports.reads.lead(&caller.viewer(), id).await?.ok_or_else(missing)?;
    Ok(enveloped(&request, lead, state.now()))
}
