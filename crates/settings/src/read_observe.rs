//! Settings of being looked at.

use kernel::Secret;
use url::Url;

use super::{Reader, v};
use crate::{Environment, ObserveSettings, OtlpCollector, SentryProject};

pub(super) fn read(reader: &mut Reader<'_>) -> ObserveSettings {
    ObserveSettings {
        log_level: reader.text(&v::LOG_LEVEL).unwrap_or_default().to_ascii_lowercase(),
        otlp: read_otlp(reader),
        service_api: reader.text(&v::OTEL_SERVICE_NAME_API).unwrap_or_default(),
        service_worker: reader.text(&v::OTEL_SERVICE_NAME_WORKER).unwrap_or_default(),
        sentry: read_sentry(reader),
        redact_personal_data: read_redact(reader),
        probe_port: reader.parse(&v::OTTO_PROBE_PORT, "a port number"),
    }
}

fn read_otlp(reader: &mut Reader<'_>) -> Option<OtlpCollector> {
    let headers = reader.text(&v::OTEL_EXPORTER_OTLP_HEADERS).unwrap_or_default();
    let headers: Option<Vec<_>> = headers
        .split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let name = name.trim();
            (!name.is_empty()).then(|| (name.to_owned(), Secret::new(value.trim().to_owned())))
        })
        .collect();
    if headers.is_none() {
        reader.wrong(&v::OTEL_EXPORTER_OTLP_HEADERS, "must be name=value, separated by commas");
    }
    Some(OtlpCollector { endpoint: reader.url(&v::OTEL_EXPORTER_OTLP_ENDPOINT)?, headers: headers? })
}

fn read_sentry(reader: &mut Reader<'_>) -> Option<SentryProject> {
    let rate: Option<f32> = reader.parse(&v::SENTRY_TRACES_SAMPLE_RATE, "a number from 0 to 1");
    if rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
        reader.wrong(&v::SENTRY_TRACES_SAMPLE_RATE, "must be a number from 0 to 1");
    }
    let dsn = reader.text(&v::SENTRY_DSN)?;
    // https://KEY@HOST/PROJECT
    let is_dsn = Url::parse(&dsn).is_ok_and(|url| {
        let project = url.path().trim_matches('/').rsplit('/').next().unwrap_or_default();
        matches!(url.scheme(), "http" | "https") && !url.username().is_empty() && !project.is_empty()
    });
    if !is_dsn {
        reader.wrong(&v::SENTRY_DSN, "must be like https://KEY@HOST/PROJECT");
        return None;
    }
    Some(SentryProject { dsn: Secret::new(dsn), traces_sample_rate: rate.unwrap_or_default() })
}

fn read_redact(reader: &mut Reader<'_>) -> bool {
    let redact = reader.boolean(&v::OBS_REDACT_PII);
    if !redact && reader.environment == Environment::Production {
        reader.wrong(&v::OBS_REDACT_PII, "must not be off in production");
    }
    redact
}
