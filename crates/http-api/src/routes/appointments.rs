use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use app::reads::{AppointmentList, AppointmentQuery};
use insights::DayRange;
use kernel::ErrorKind;
use rbac::Role;

use crate::{ApiError, ApiState, Caller, ErrorCode, envelope::enveloped, params::Params};

/// `GET /api/v1/appointments`: those of one day, today unless said otherwise.
pub async fn list(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    let calendar = state.calendar(&caller).await?;
    let day = params.text("date");
    let day = match DayRange::parse(day.as_deref(), day.as_deref(), calendar, state.now()) {
        Ok(range) => range.last,
        Err((_, error)) => {
            params.wrong("date", error.to_string());
            calendar.day_of(state.now())
        }
    };
    let lead = params.id("lead_id");
    let query = AppointmentQuery {
        day,
        from: calendar.start_of(day),
        until: calendar.end_of(day),
        rep: params.user("rep_id"),
        status: params.word("status"),
        outcome: params.word("outcome"),
        lead: lead.flatten(),
    };
    let others = caller.identity.role == Role::SalesRep
        && query.rep.as_ref().is_some_and(|rep| *rep != caller.identity.user);
    if others {
        let error = ApiError::new(ErrorKind::Forbidden, "rep_id must be your own");
        return Err(error.coded(ErrorCode::Forbidden));
    }
    params.check()?;
    let list = if lead == Some(None) {
        AppointmentList { appointments: Vec::new(), total: 0, date: day }
    } else {
        let viewer = caller.viewer();
        state.read(|ports| async move { ports.reads.appointments(&viewer, &query).await }).await?
    };
    Ok(enveloped(&request, list, state.now()))
}

/// `GET /api/v1/appointments/{appointment_id}`.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let missing = || ApiError::not_found("Appointment");
    let (viewer, id) = (caller.viewer(), path.parse().map_err(|_| missing())?);
    let appointment = state.read(|ports| async move { ports.reads.appointment(&viewer, id).await }).await?;
    let appointment = appointment.ok_or_else(missing)?;
    Ok(enveloped(&request, appointment, state.now()))
}
