use tracing::Span;

/// Ties together what one cause sets off at different times and in different processes.
///
/// What is stored and sent is a W3C `traceparent`: a trace, a span in it, and whether it is recorded. It holds nothing of
/// anybody, and whoever sends us one can do no more with it than name a trace.
pub trait Traces: Send + Sync {
    /// Where the current span stands; `None` where spans have no ids.
    fn current(&self) -> Option<String>;
    /// Makes a span that was not entered yet the next in the trace of a stored or received `traceparent`. What is none is
    /// ignored, and so is everything but its two ids.
    fn resume(&self, span: &Span, traceparent: &str);
    /// Says that a span also has to do with another trace.
    fn link(&self, span: &Span, traceparent: &str);
}

/// Traces where spans have no ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct Untraced;

impl Traces for Untraced {
    fn current(&self) -> Option<String> {
        None
    }
    fn resume(&self, _: &Span, _: &str) {}
    fn link(&self, _: &Span, _: &str) {}
}
