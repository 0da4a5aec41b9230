//! Errors as every client reads them (contract `conventions.md` §5).

use std::{fmt, time::Duration};

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use app::ports::{AuthError, BlobError};
use kernel::{ErrorKind, StoreError};
use serde_json::{Value, json};

/// The public codes. A client may depend on each, so none is renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// A parameter or field is wrong; `details.fields` says which.
    ValidationError,
    /// The body is too large or of a type we do not read.
    InvalidInput,
    /// A field is missing.
    MissingRequiredField,
    /// No proof of who is calling, or a wrong one.
    Unauthorized,
    /// As the authenticator says.
    Auth(AuthError),
    /// Not for this role, or of another company.
    Forbidden,
    /// The role does not have the permission.
    InsufficientPermissions,
    /// There is no such thing.
    NotFound,
    /// There is no such call.
    CallNotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// The state does not allow it.
    ResourceConflict,
    /// Too many requests.
    RateLimitExceeded,
    /// A bug.
    InternalError,
    /// The database is out of reach.
    DatabaseError,
    /// The blob storage is out of reach.
    StorageError,
    /// A vendor answered something it should not have.
    ExternalServiceError,
}

impl ErrorCode {
    /// As answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ValidationError => "VALIDATION_ERROR",
            Self::InvalidInput => "INVALID_INPUT",
            Self::MissingRequiredField => "MISSING_REQUIRED_FIELD",
            Self::Unauthorized => "UNAUTHORIZED",
            Self::Auth(error) => error.code(),
            Self::Forbidden => "FORBIDDEN",
            Self::InsufficientPermissions => "INSUFFICIENT_PERMISSIONS",
            Self::NotFound => "NOT_FOUND",
            Self::CallNotFound => "CALL_NOT_FOUND",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::ResourceConflict => "RESOURCE_CONFLICT",
            Self::RateLimitExceeded => "RATE_LIMIT_EXCEEDED",
            Self::InternalError => "INTERNAL_ERROR",
            Self::DatabaseError => "DATABASE_ERROR",
            Self::StorageError => "STORAGE_ERROR",
            Self::ExternalServiceError => "EXTERNAL_SERVICE_ERROR",
        }
    }
}

/// A field and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The parameter or field.
    pub field: String,
    /// In words fit for display.
    pub message: String,
}

/// An answer that is not a success.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: ErrorCode,
    message: String,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    /// A token would help.
    wants_token: bool,
}

/// The status of each kind. Exhaustive, so that a new kind cannot be forgotten.
fn status_of(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::BAD_REQUEST,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Upstream => StatusCode::BAD_GATEWAY,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn code_of(kind: ErrorKind) -> ErrorCode {
    match kind {
        ErrorKind::Invalid => ErrorCode::ValidationError,
        ErrorKind::Unauthenticated => ErrorCode::Unauthorized,
        ErrorKind::Forbidden => ErrorCode::Forbidden,
        ErrorKind::NotFound => ErrorCode::NotFound,
        ErrorKind::Conflict => ErrorCode::ResourceConflict,
        ErrorKind::TooLarge | ErrorKind::UnsupportedMedia => ErrorCode::InvalidInput,
        ErrorKind::Throttled => ErrorCode::RateLimitExceeded,
        ErrorKind::Unavailable => ErrorCode::DatabaseError,
        ErrorKind::Upstream => ErrorCode::ExternalServiceError,
        ErrorKind::Internal => ErrorCode::InternalError,
    }
}

impl ApiError {
    /// Of a kind, with a message fit for display.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let retry_after = (kind == ErrorKind::Unavailable).then_some(Duration::from_secs(5));
        Self {
            status: status_of(kind),
            code: code_of(kind),
            message: message.into(),
            fields: Vec::new(),
            retry_after,
            wants_token: false,
        }
    }

    /// With another code than the kind's usual one.
    #[must_use]
    pub fn coded(self, code: ErrorCode) -> Self {
        Self { code, ..self }
    }

    /// One or more parameters are wrong.
    pub fn fields(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [only] => format!("{} {}", only.field, only.message),
            many => format!("{} parameters are wrong", many.len()),
        };
        Self { fields, ..Self::new(ErrorKind::Invalid, message) }
    }

    /// There is no such thing, or none this caller may see.
    pub fn not_found(what: &str) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} not found"))
    }

    /// The path is known, the method is not.
    pub fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            code: ErrorCode::MethodNotAllowed,
            ..Self::new(ErrorKind::Invalid, "This path has no such method")
        }
    }

    /// It may succeed after this.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer, complete.
    pub(crate) fn answer(&self, request_id: &str, path: &str) -> HttpResponse {
        let code = self.code.as_str();
        let details = match self.fields.as_slice() {
            [] => Value::Null,
            fields => {
                let fields: Vec<_> =
                    fields.iter().map(|one| json!({ "field": one.field, "message": one.message })).collect();
                json!({ "fields": fields })
            }
        };
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut body = json!({
            "success": false,
            "error_code": code,
            "message": self.message,
            "details": details,
            "error": { "code": code, "message": self.message, "details": details },
            "detail": self.message,
            "request_id": request_id,
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "instance": path,
            "trace_id": request_id,
        });
        let mut answer = HttpResponse::build(self.status);
        if let Some(wait) = self.retry_after {
            // whoever comes back a moment too early is refused again
            let seconds = wait.as_millis().div_ceil(1000).max(1).to_string();
            if self.status == StatusCode::TOO_MANY_REQUESTS
                && let Value::Object(fields) = &mut body
            {
                fields.insert("retry_after".to_owned(), json!(seconds.parse::<u64>().unwrap_or(u64::MAX)));
            }
            answer.insert_header((header::RETRY_AFTER, seconds));
        }
        if self.wants_token {
            answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.status.is_server_error() || self.status == StatusCode::TOO_MANY_REQUESTS {
            answer.insert_header(("X-Trace-Id", request_id));
        }
        answer.json(body)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status.as_u16(), self.code.as_str())
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    /// Incomplete: the guard, which knows the request, answers in full.
    fn error_response(&self) -> HttpResponse {
        self.answer("", "")
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let message = match error {
            AuthError::Missing => "Sign in first",
            AuthError::Invalid => "The token is not valid",
            AuthError::Expired => "The token has expired",
            AuthError::NoTenant => "The token names no company",
            AuthError::NoRole => "The token names no role",
            AuthError::UnknownRole => "The token names an unknown role",
        };
        let wants_token = error.kind() == ErrorKind::Unauthenticated;
        Self { wants_token, ..Self::new(error.kind(), message).coded(ErrorCode::Auth(error)) }
    }
}

/// What people are told of a failure that is not theirs; the rest is in the log.
fn curated(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Conflict => "This was changed by someone else",
        ErrorKind::Unavailable => "The service is busy; please try again in a few seconds",
        ErrorKind::Upstream => "A provider did not answer as expected",
        _ => "Something went wrong on our side",
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let kind = error.kind();
        if kind == ErrorKind::Internal {
            tracing::error!(error = &error as &dyn std::error::Error, "the store failed");
        } else {
            tracing::warn!(error = &error as &dyn std::error::Error, "the store failed");
        }
        Self::new(kind, curated(kind)).coded(ErrorCode::DatabaseError)
    }
}

impl From<BlobError> for ApiError {
    fn from(error: BlobError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "the blob storage failed");
        Self::new(error.kind(), curated(error.kind())).coded(ErrorCode::StorageError)
    }
}

impl From<app::reads::ViewError> for ApiError {
    fn from(error: app::reads::ViewError) -> Self {
        match error {
            app::reads::ViewError::Store(error) => error.into(),
            app::reads::ViewError::Blob(error) => error.into(),
        }
    }
}

/// For failures with a kind and no more to say to people.
pub(crate) fn internal(kind: ErrorKind, error: &(dyn std::error::Error + 'static)) -> ApiError {
    tracing::error!(error, "a request failed");
    ApiError::new(kind, curated(kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each code leads to the next: a code without a place here does not compile.
    fn after(code: ErrorCode) -> Option<ErrorCode> {
        use ErrorCode as C;
        Some(match code {
            C::ValidationError => C::InvalidInput,
            C::InvalidInput => C::MissingRequiredField,
            C::MissingRequiredField => C::Unauthorized,
            C::Unauthorized => C::Auth(AuthError::Missing),
            C::Auth(AuthError::Missing) => C::Auth(AuthError::Invalid),
            C::Auth(AuthError::Invalid) => C::Auth(AuthError::Expired),
            C::Auth(AuthError::Expired) => C::Auth(AuthError::NoTenant),
            C::Auth(AuthError::NoTenant) => C::Auth(AuthError::NoRole),
            C::Auth(AuthError::NoRole) => C::Auth(AuthError::UnknownRole),
            C::Auth(AuthError::UnknownRole) => C::Forbidden,
            C::Forbidden => C::InsufficientPermissions,
            C::InsufficientPermissions => C::NotFound,
            C::NotFound => C::CallNotFound,
            C::CallNotFound => C::MethodNotAllowed,
            C::MethodNotAllowed => C::ResourceConflict,
            C::ResourceConflict => C::RateLimitExceeded,
            C::RateLimitExceeded => C::InternalError,
            C::InternalError => C::DatabaseError,
            C::DatabaseError => C::StorageError,
            C::StorageError => C::ExternalServiceError,
            C::ExternalServiceError => return None,
        })
    }

    /// Clients depend on each. A line may be added here; one that changes breaks somebody.
    #[test]
    fn public_codes_stay_as_they_are() {
        let codes: Vec<_> = std::iter::successors(Some(ErrorCode::ValidationError), |code| after(*code))
            .map(ErrorCode::as_str)
            .collect();
        let known = [
            "VALIDATION_ERROR",
            "INVALID_INPUT",
            "MISSING_REQUIRED_FIELD",
            "UNAUTHORIZED",
            "UNAUTHORIZED",
            "INVALID_TOKEN",
            "TOKEN_EXPIRED",
            "MISSING_TENANT_ID",
            "MISSING_USER_ROLE",
            "INVALID_USER_ROLE",
            "FORBIDDEN",
            "INSUFFICIENT_PERMISSIONS",
            "NOT_FOUND",
            "CALL_NOT_FOUND",
            "METHOD_NOT_ALLOWED",
            "RESOURCE_CONFLICT",
            "RATE_LIMIT_EXCEEDED",
            "INTERNAL_ERROR",
            "DATABASE_ERROR",
            "STORAGE_ERROR",
            "EXTERNAL_SERVICE_ERROR",
        ];
        assert_eq!(codes, known);
    }
}
