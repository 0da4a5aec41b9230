//! Panics, told like any other failure: on one line of the log, and to Sentry.

use std::panic::PanicHookInfo;

/// What a panic said. Words put together at run time may hold anything, a slice of a transcript as well; constant ones
/// cannot.
fn words<'a>(info: &'a PanicHookInfo<'_>, all: bool) -> &'a str {
    let payload = info.payload();
    match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
        (Some(constant), _) => constant,
        (None, Some(made)) if all => made,
        _ => "(its words may hold personal data)",
    }
}

/// Reports every panic of this process. `all` writes what a panic said even where that may hold personal data.
pub(crate) fn report(all: bool) {
    metrics::counter!("otto_panics_total").increment(0);
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
        let said = words(info, all);
        metrics::counter!("otto_panics_total").increment(1);
        tracing::error!(target: PANIC, place, said, "a panic: this is a bug");
        crate::failures::report_panic(&place, said);
    }));
}

/// The target panics are logged under.
pub(crate) const PANIC: &str = "panic";
