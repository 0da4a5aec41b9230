//! Who may ask, and for whom.

use actix_web::{HttpRequest, http::header};

use super::{Shunya, errors::ApiError};
use crate::sign;

impl Shunya {
    /// The company a request is made for, once the caller has proved who they are.
    pub(super) fn company_of(&self, request: &HttpRequest) -> Result<String, ApiError> {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let token = header(header::AUTHORIZATION.as_str())
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
            .ok_or_else(|| ApiError::unauthorized("a bearer token is required"))?;
        let owner = self.owner_of(token)?;
        let company = header("X-Company-ID")
            .map(str::trim)
            .filter(|company| !company.is_empty())
            .ok_or_else(|| ApiError::bad_request("the header X-Company-ID is required"))?;
        if owner.is_some_and(|owner| owner != company) {
            return Err(ApiError::forbidden("the token is another company's"));
        }
        Ok(company.to_owned())
    }

    /// The company a token is bound to; none for the API key, which is good for all.
    fn owner_of(&self, token: &str) -> Result<Option<String>, ApiError> {
        if token == self.secrets.api_key.expose() {
            return Ok(None);
        }
        let Some(secret) = &self.secrets.jwt_secret else {
            return Err(ApiError::unauthorized("the API key is wrong"));
        };
        sign::check_token(token, secret.expose(), self.control.sim.now().timestamp())
            .map(|claims| claims.company_id)
            .map_err(|error| ApiError::unauthorized(&error.to_string()))
    }
}
