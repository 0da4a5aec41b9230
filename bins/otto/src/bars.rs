//! Progress bars, where somebody looks at a terminal.

use std::{
    io::{self, IsTerminal},
    sync::{Mutex, PoisonError},
};

use app::progress::Progress;
use indicatif::{ProgressBar, ProgressStyle};

/// One bar after the other.
pub struct Bars {
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bars {
    /// Bars, unless nobody wants or could see them.
    pub fn new(quiet: bool) -> Self {
        Self { shown: !quiet && io::stdout().is_terminal(), bar: Mutex::new(None) }
    }

    fn replace(&self, bar: Option<ProgressBar>) {
        // nothing that can panic is done while it is held
        let before = std::mem::replace(&mut *self.bar.lock().unwrap_or_else(PoisonError::into_inner), bar);
        if let Some(before) = before {
            before.finish_and_clear();
        }
    }
}

impl Progress for Bars {
    fn begin(&self, what: &str, steps: Option<u64>) {
        if !self.shown {
            return;
        }
        let (bar, template) = match steps {
            Some(steps) => (
                ProgressBar::new(steps),
                "{prefix:>22} {bar:40.cyan/dim} {human_pos}/{human_len} {elapsed_precise} eta {eta}",
            ),
            None => (ProgressBar::no_length(), "{prefix:>22} {spinner} {human_pos} {elapsed_precise}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_prefix(what.to_owned());
        self.replace(Some(bar));
    }

    fn advance(&self, steps: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(steps);
        }
    }

    fn end(&self) {
        self.replace(None);
    }
}
