//! What the program says of itself, and what it refuses.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_otto-cron")).args(args).env_clear().output().expect("the program starts")
}

#[test]
fn help_names_the_settings_signals_and_exit_codes() {
    let helped = run(&["--help"]);
    let said = String::from_utf8(helped.stdout).expect("text");
    for words in ["DATABASE_URL", "REDIS_URL", "Example", "SIGTERM", "Exit codes", "otto config example"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    assert!(helped.status.success());
}

#[test]
fn arguments_there_are_none_of_are_refused() {
    let refused = run(&["--queues", "asr"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--queues"));
}
