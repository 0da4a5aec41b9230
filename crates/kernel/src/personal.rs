use std::{
    fmt,
    ops::Deref,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Deserialize, Serialize};

/// Whether this process writes personal data whole. A switch of the process, because formatting takes no arguments.
static SHOWN: AtomicBool = AtomicBool::new(false);

/// Says whether types that hold personal data write it whole from now on (`OBS_REDACT_PII=false`), or hide it, as they do
/// until they are told otherwise. Secrets hide themselves always.
pub fn show_personal_data(shown: bool) {
    SHOWN.store(shown, Ordering::Relaxed);
}

/// Whether personal data is written whole.
pub fn shows_personal_data() -> bool {
    SHOWN.load(Ordering::Relaxed)
}

/// Something about a person, or said by one: a name, an address, a body that holds them. It is used like the value within,
/// but neither `{:?}` nor `{}` writes it, so that it cannot slip into a log, a trace or an error report.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T = String>(T);

impl<T> Personal<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Personal<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if shows_personal_data() { self.0.fmt(f) } else { f.write_str("[personal]") }
    }
}

impl<T: fmt::Display> fmt::Display for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if shows_personal_data() { self.0.fmt(f) } else { f.write_str("[personal]") }
    }
}

/// `Debug` for a type that holds personal data among other things.
///
/// `hides_personal!(Delivery { kind, path; body })` writes the fields before the semicolon and hides those behind it;
/// fields that are not named are not written. `hides_personal!(Transcript as json)` hides all of a type that can be
/// serialized, and its crate must know `serde_json`.
#[macro_export]
macro_rules! hides_personal {
    ($type:ident { $($shown:ident),* ; $($hidden:ident),* $(,)? }) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($shown), &self.$shown))*
                    $(.field(stringify!($hidden), &$crate::Personal::new(&self.$hidden)))*
                    .finish_non_exhaustive()
            }
        }
    };
    ($type:ident as json) => {
        impl ::std::fmt::Debug for $type {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                if $crate::shows_personal_data() {
                    let whole = ::serde_json::to_string(self).map_err(|_| ::std::fmt::Error)?;
                    write!(f, concat!(stringify!($type), " {}"), whole)
                } else {
                    f.write_str(concat!(stringify!($type), " [personal]"))
                }
            }
        }
    };
}
