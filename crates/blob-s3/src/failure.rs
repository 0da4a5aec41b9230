use std::error::Error;

use app::ports::BlobError;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

/// What went wrong, in words for a log: the store's code and status, never its text or headers, which may quote keys.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The store refused.
    #[error("{operation} was answered {status} {code}")]
    Answered {
        /// What was asked.
        operation: &'static str,
        /// HTTP's.
        status: u16,
        /// S3's.
        code: String,
    },
    /// No answer came, or there were no credentials to ask with.
    #[error("{operation} failed: {what}")]
    Unanswered {
        /// What was asked.
        operation: &'static str,
        /// Why.
        what: String,
    },
}

impl Failure {
    /// The store answered something that is not an answer.
    pub fn misunderstood(operation: &'static str, what: &str) -> Self {
        Self::Unanswered { operation, what: format!("answered {what}") }
    }
}

impl From<Failure> for BlobError {
    fn from(failure: Failure) -> Self {
        Self::Unavailable(Box::new(failure))
    }
}

/// HTTP's status, if there was an answer.
pub fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

/// An error of the SDK, as users of the port know it.
pub fn failed<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> BlobError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    described(operation, error).into()
}

/// An error of the SDK, in our words.
pub fn described<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    match (error.as_service_error(), status(error)) {
        (Some(answer), Some(status)) => {
            let code = answer.code().unwrap_or("without a code").to_owned();
            Failure::Answered { operation, status, code }
        }
        _ => Failure::Unanswered { operation, what: chain(error) },
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
