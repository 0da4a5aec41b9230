use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use app::reads::{ContactQuery, contact_card};

use crate::{ApiError, ApiState, Caller, envelope::enveloped, params::Params};

async fn answer(
    request: &HttpRequest,
    state: &ApiState,
    caller: &Caller,
    query: ContactQuery,
) -> Result<HttpResponse, ApiError> {
    let viewer = caller.viewer();
    let card = state.read(|ports| async move { contact_card(&ports, &viewer, &query).await }).await?;
    let card = card.ok_or_else(|| ApiError::not_found("Contact card"))?;
    Ok(enveloped(request, card, state.now()))
}

/// `GET /api/v1/contact-cards/{contact_id}`.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    let id = path.parse().map_err(|_| ApiError::not_found("Contact card"))?;
    answer(&request, &state, &caller, ContactQuery::Id(id)).await
}

/// `GET /api/v1/contact-cards/by-phone`.
pub async fn by_phone(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let mut params = Params::of(&request);
    params.company(&caller)?;
    params.required("phone_number");
    let phone = params.phone("phone_number");
    params.check()?;
    let phone = phone.ok_or_else(|| ApiError::not_found("Contact card"))?;
    answer(&request, &state, &caller, ContactQuery::Phone(phone)).await
}
