use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::{
    ports::CacheKey,
    reads::{DashboardBucket, Slice},
};
use insights::{DayRange, Window};
use kernel::{Calendar, StoreError};
use rbac::{Grant, Role};

use crate::{
    ApiError, ApiState, Caller,
    envelope::{enveloped, enveloped_json},
    params::Params,
};

/// A whole office looks at the headline numbers; they are read this often, not once for each of them.
const FRESH: Duration = Duration::from_secs(3);

/// `GET /api/v1/dashboard/metrics`: the last 30 days.
pub async fn metrics(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    Params::of(&request).company(&caller)?;
    let now = state.now();
    let viewer = caller.viewer();
    // a CSR's answer holds numbers of their own
    let whose = match (viewer.reach, viewer.role) {
        (Grant::Company, Role::Manager | Role::SalesRep) => "company",
        (Grant::Own, _) | (_, Role::Csr) => viewer.user.as_str(),
    };
    let detail = format!("{}:{whose}", viewer.role);
    let key = CacheKey { company: viewer.company.clone(), what: "dashboard_metrics", detail };
    let metrics = state
        .read(|ports| async move {
            let compute = Box::pin(async {
                let metrics = ports.reads.headline(&viewer, Window::last_30_days(now)).await?;
                let metrics = serde_json::to_vec(&metrics)
                    .map_err(|error| StoreError::Statement { table: "calls", source: Box::new(error) })?;
                Ok(metrics.into())
            });
            ports.shared.cache.get_or_compute(&key, FRESH, compute).await
        })
        .await?;
    Ok(enveloped_json(&request, &metrics, now))
}

/// `start_date` and `end_date`, by default the last 31 days.
fn days(params: &mut Params, state: &ApiState, calendar: Calendar) -> Result<DayRange, ApiError> {
    let (start, end) = (params.text("start_date"), params.text("end_date"));
    let range = DayRange::parse(start.as_deref(), end.as_deref(), calendar, state.now());
    if let Err((field, error)) = range {
        params.wrong(field, error.to_string());
    }
    params.check()?;
    range.map_err(|(field, error)| {
        params.wrong(field, error.to_string());
        params.check().err().unwrap_or_else(|| ApiError::not_found("Range"))
    })
}

/// `GET /api/v1/dashboard/booking-rate`: one point a day.
pub async fn booking_rate(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar(&caller).await?;
    let days = days(&mut params, &state, calendar)?;
    let viewer = caller.viewer();
    let points =
        state.read(|ports| async move { ports.reads.booking_rates(&viewer, days, calendar).await }).await?;
    Ok(enveloped(&request, points, state.now()))
}

/// `GET /api/v1/dashboard/top-objections`.
pub async fn top_objections(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar(&caller).await?;
    let limit = params.integer("limit", 1..=20, 5);
    let window = days(&mut params, &state, calendar)?.window(calendar);
    let viewer = caller.viewer();
    let objections =
        state.read(|ports| async move { ports.reads.top_objections(&viewer, window, limit).await }).await?;
    Ok(enveloped(&request, objections, state.now()))
}

/// `GET /api/v1/dashboard/calls`: one bucket.
pub async fn calls(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    params.required("status");
    let names = DashboardBucket::ALL.map(DashboardBucket::as_str);
    let wanted = params.choice("status", &names);
    let limit = params.integer("limit", 1..=1000, 100);
    let offset = params.integer("offset", 0..=i64::MAX, 0);
    params.check()?;
    let bucket = DashboardBucket::ALL.into_iter().find(|bucket| Some(bucket.as_str()) == wanted.as_deref());
    let bucket = bucket.unwrap_or(DashboardBucket::All);
    let (viewer, slice) = (caller.viewer(), Slice { limit, offset });
    let calls =
        state.read(|ports| async move { ports.reads.dashboard_calls(&viewer, bucket, slice).await }).await?;
    Ok(enveloped(&request, calls, state.now()))
}
