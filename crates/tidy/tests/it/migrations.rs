//! Migrations can be run while people work, and nothing but tests undoes them.

use std::fs;

use tidy::unsafe_statements;

use crate::{files, root};

/// Those before were run on empty databases alone.
const SINCE: &str = "20261127000000";

#[test]
fn migrations_stop_nobody_and_leave_the_version_before_at_work() {
    let mut looked_at = 0;
    let mut found = Vec::new();
    for path in files() {
        let Some(rest) = path.strip_prefix("migrations/postgres/") else { continue };
        let Some(folder) = rest.strip_suffix("/up.sql").filter(|folder| *folder > SINCE) else { continue };
        looked_at += 1;
        let folder = root().join("migrations/postgres").join(folder);
        let text = fs::read_to_string(folder.join("up.sql")).expect("a migration");
        let metadata = fs::read_to_string(folder.join("metadata.toml")).unwrap_or_default();
        let in_transaction = !metadata.contains("run_in_transaction = false");
        found.extend(
            unsafe_statements(&text, in_transaction).into_iter().map(|one| format!("{path}: {}", one.0)),
        );
    }
    assert!(looked_at > 3, "the migrations were not found");
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_program_undoes_migrations() {
    let mut named = Vec::new();
    for path in files() {
        let is_program = path.starts_with("bins/") || path.starts_with("crates/") && path.contains("/src/");
        let is_store = path.starts_with("crates/store-sql/src/") || path.starts_with("crates/testkit/");
        if !is_program || is_store || !path.ends_with(".rs") || path.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(root().join(&path)).expect("a source file");
        if text.contains("revert_all") {
            named.push(path);
        }
    }
    assert_eq!(named, Vec::<String>::new());
}
