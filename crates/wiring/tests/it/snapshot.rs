//! Texts that are checked in, so that a change of what they show is a change somebody reads.

use std::{env, fs, path::Path};

/// Compares with a file below this crate; with `OTTO_TEST_REWRITE=1` writes it instead.
#[track_caller]
pub fn check(file: &str, now: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("OTTO_TEST_REWRITE").is_some() {
        fs::write(&path, now).unwrap();
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    if kept == now {
        return;
    }
    let changes: Vec<_> = kept
        .lines()
        .filter(|line| !now.lines().any(|other| other == *line))
        .map(|line| format!("- {line}"))
        .chain(
            now.lines()
                .filter(|line| !kept.lines().any(|other| other == *line))
                .map(|line| format!("+ {line}")),
        )
        .collect();
    panic!(
        "{file} has changed; if that is right, run this test with OTTO_TEST_REWRITE=1\n{}",
        changes.join("\n")
    );
}
