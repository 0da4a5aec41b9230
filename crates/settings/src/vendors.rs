//! How providers are reached and treated.

use std::time::Duration;

use url::Url;

use crate::{
    Environment, ProviderCare,
    read::{Reader, placeholder},
    variables as v,
};

/// Shunya's staging system (contract `shunya.md` §1).
pub(crate) const SHUNYA_STAGING: &str = "https://otto-dev.shunyalabs.ai";

/// Where Shunya is. Real customers' recordings have no business on its staging system.
pub(crate) fn shunya_url(reader: &mut Reader<'_>) -> Url {
    let staging = reader.boolean(&v::USE_UWC_STAGING);
    if staging && reader.environment == Environment::Production {
        reader.wrong(&v::USE_UWC_STAGING, "must not be on in production");
    }
    let url = match reader.given(&v::UWC_BASE_URL) {
        None if staging => Url::parse(SHUNYA_STAGING).ok(),
        _ => reader.url(&v::UWC_BASE_URL),
    };
    url.unwrap_or_else(placeholder)
}

/// How providers are treated.
pub(crate) fn care(reader: &mut Reader<'_>) -> ProviderCare {
    let seconds = reader.parse(&v::OTTO_BREAKER_SECONDS, "a number of seconds").unwrap_or(30);
    if !(1..=600).contains(&seconds) {
        reader.wrong(&v::OTTO_BREAKER_SECONDS, "must be from 1 to 600");
    }
    let mut limit = |variable| reader.parse::<u32>(variable, "a number").filter(|limit| *limit > 0);
    ProviderCare {
        first_pause: Duration::from_secs(seconds),
        callrail_per_hour: limit(&v::OTTO_CALLRAIL_REQUESTS_PER_HOUR),
        callrail_per_day: limit(&v::OTTO_CALLRAIL_REQUESTS_PER_DAY),
        submissions_per_minute: limit(&v::OTTO_SHUNYA_SUBMISSIONS_PER_MINUTE),
        looks_per_minute: limit(&v::OTTO_SHUNYA_LOOKS_PER_MINUTE),
    }
}
