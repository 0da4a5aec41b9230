//! Every metric there is. Dashboards and alerts may use these and no others; a test reads a running Otto's and finds exactly
//! these.

/// How a metric moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
    /// Durations by bucket, their sum and their count.
    Histogram,
}

/// When a metric is to be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Once calls have gone through an Otto that runs all its parts, with a Redis and a collector.
    Always,
    /// Once something happened that an ordinary call does not bring about.
    InTrouble,
}

/// One metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
    /// When it is to be seen.
    pub seen: Seen,
}

const fn metric(
    kind: MetricKind,
    name: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, labels, help, seen: Seen::Always }
}

const fn counter(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    metric(MetricKind::Counter, name, labels, help)
}

const fn gauge(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    metric(MetricKind::Gauge, name, labels, help)
}

const fn histogram(name: &'static str, labels: &'static [&'static str], help: &'static str) -> Metric {
    metric(MetricKind::Histogram, name, labels, help)
}

impl Metric {
    const fn in_trouble(self) -> Self {
        Self { seen: Seen::InTrouble, ..self }
    }
}

/// Every metric there is.
pub const METRICS: &[Metric] = &[
    histogram(
        "otto_http_request_duration_seconds",
        &["operation", "status"],
        "Requests answered, by operation and class of status.",
    ),
    counter(
        "otto_rate_limit_decisions_total",
        &["decision"],
        "Requests of the client API counted: allowed, denied, undecided (nobody could count).",
    ),
    counter(
        "otto_webhooks_total",
        &["provider", "outcome"],
        "Webhooks answered, by provider and what became of them.",
    ),
    histogram(
        "otto_webhook_duration_seconds",
        &["provider", "outcome"],
        "Time from a webhook's arrival to its answer.",
    ),
    counter("otto_webhooks_refused_total", &["provider", "reason"], "Webhooks not believed, by reason."),
    gauge(
        "otto_inbox_webhooks",
        &["state"],
        "Stored webhooks that are not settled: received, waiting, quarantined.",
    ),
    gauge("otto_inbox_oldest_seconds", &["state"], "Age of the oldest of them; 0 if there is none."),
    counter(
        "otto_webhook_searches_total",
        &["provider", "outcome"],
        "Searches for whose signature a webhook bears: found, nobody, busy, too_long.",
    )
    .in_trouble(),
    gauge(
        "otto_callrail_list_lag_seconds",
        &[],
        "How long ago the list of calls that is furthest behind was read to; 0 if there is none.",
    ),
    gauge("otto_callrail_lists_failing", &[], "Lists of calls that cannot be read at present."),
    counter("otto_callrail_found_total", &[], "Calls found in CallRail's list whose webhooks never arrived.")
        .in_trouble(),
    counter("otto_jobs_total", &["kind", "outcome"], "Attempts at jobs that ended, by kind and outcome."),
    histogram("otto_job_duration_seconds", &["kind"], "How long an attempt at a job took."),
    counter("otto_jobs_given_up_total", &["kind"], "Jobs given up for good."),
    gauge(
        "otto_queue_jobs",
        &["queue", "state"],
        "Jobs by queue and state: ready (later ones too), running, dead.",
    ),
    gauge(
        "otto_queue_oldest_seconds",
        &["queue"],
        "How long the job that is due longest waits; 0 if none is due.",
    ),
    gauge("otto_queue_workers", &["queue"], "Live workers that serve a queue, as far as anybody knows."),
    gauge("otto_parts_alive", &["role"], "Live workers and schedulers, as far as anybody knows."),
    gauge("otto_presence_known", &[], "1 if somebody knows who is alive, 0 if nobody can tell."),
    gauge(
        "otto_schedule_late_seconds",
        &["schedule"],
        "How long a schedule's next slot is overdue; 0 if it is not.",
    ),
    gauge(
        "otto_counted_at_seconds",
        &[],
        "When queues, inbox and schedules were counted last, in seconds since 1970.",
    ),
    gauge("otto_db_pool_limit", &["pool"], "Connections a pool may open."),
    gauge("otto_db_pool_open", &["pool"], "Connections a pool has open."),
    gauge("otto_db_pool_busy", &["pool"], "Connections at work."),
    gauge("otto_db_pool_waiting", &["pool"], "Callers that wait for a connection."),
    histogram("otto_db_pool_wait_seconds", &["pool"], "How long callers waited for a connection."),
    counter("otto_db_pool_timeouts_total", &["pool"], "Callers that waited for a connection in vain.")
        .in_trouble(),
    histogram("otto_db_statement_duration_seconds", &["statement"], "Statements, by name."),
    counter(
        "otto_db_retries_total",
        &["of"],
        "What was tried again because the database was away for a moment, or somebody else was faster.",
    )
    .in_trouble(),
    gauge(
        "otto_db_replica_used",
        &[],
        "1 if people's reads go to the replica. Not there where none is configured.",
    )
    .in_trouble(),
    gauge("otto_db_replica_lag_seconds", &[], "The replica lags by no more than this.").in_trouble(),
    counter("otto_deleted_rows_total", &["table"], "Old rows deleted.").in_trouble(),
    gauge("otto_redis_up", &[], "1 if Redis answers. Not there where none is configured."),
    counter("otto_redis_unsaid_total", &[], "Rings and events other processes were not told of.")
        .in_trouble(),
    counter(
        "otto_short_cache_requests_total",
        &["cache", "outcome"],
        "Answers asked of the short-lived cache: hit, computed, failed.",
    ),
    histogram(
        "otto_provider_request_duration_seconds",
        &["provider", "operation", "outcome"],
        "Requests to providers, each attempt by itself.",
    ),
    counter("otto_trace_spans_total", &["outcome"], "Spans sent to the collector or lost on the way."),
    counter("otto_panics_total", &[], "Panics: bugs of ours."),
    gauge("otto_breaker_state", &["provider"], "A provider's breaker: 0 closed, 1 half open, 2 open.")
        .in_trouble(),
    counter("otto_breaker_opened_total", &["provider"], "How often a provider's breaker opened.")
        .in_trouble(),
    counter(
        "otto_provider_refused_total",
        &["provider", "reason"],
        "Requests to providers that were not made: its breaker is open, or its budget is spent.",
    )
    .in_trouble(),
    counter("otto_sweep_rows_failed_total", &["sweep"], "Rows a sweep could not put on their way.")
        .in_trouble(),
    gauge("otto_build_info", &["version", "environment"], "Always 1."),
    gauge("process_start_time_seconds", &[], "When the process started, in seconds since 1970."),
    gauge("process_resident_memory_bytes", &[], "Memory in use."),
    gauge("process_virtual_memory_bytes", &[], "Addresses in use."),
    gauge("process_open_fds", &[], "Open files and sockets."),
    gauge("process_threads", &[], "Threads."),
    counter("process_cpu_seconds_total", &[], "Time on a processor, in whole seconds."),
];

/// The metrics a text names: an expression of Prometheus, a dashboard, a scrape.
pub fn names_in(text: &str) -> Vec<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let mut names: Vec<&str> = text
        .split(|c: char| !word(c))
        .filter(|name| name.starts_with("otto_") || name.starts_with("process_"))
        .map(|name| {
            let series = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
            let histogram = |base: &&str| {
                METRICS.iter().any(|metric| metric.name == *base && metric.kind == MetricKind::Histogram)
            };
            series.filter(histogram).unwrap_or(name)
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_expressions() {
        let text =
            r#"sum by (queue) (rate(otto_job_duration_seconds_bucket{le="1"}[5m])) / otto_queue_jobs > 1"#;
        assert_eq!(names_in(text), ["otto_job_duration_seconds", "otto_queue_jobs"]);
        assert_eq!(names_in("otto_unknown_count"), ["otto_unknown_count"]);
    }

    #[test]
    fn each_is_listed_once() {
        let mut names: Vec<_> = METRICS.iter().map(|metric| metric.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
    }
}
