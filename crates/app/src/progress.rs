//! Telling people how far long work has come.

/// Who wants to know. Of several stretches of work one after the other, each is begun and ended.
pub trait Progress: Sync {
    /// Something begins, with so many steps, if that is known.
    fn begin(&self, what: &str, steps: Option<u64>);
    /// So many steps were made.
    fn advance(&self, steps: u64);
    /// It is over.
    fn end(&self);
}

/// Nobody.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Progress for Unwatched {
    fn begin(&self, _what: &str, _steps: Option<u64>) {}
    fn advance(&self, _steps: u64) {}
    fn end(&self) {}
}
