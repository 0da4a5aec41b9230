//! A case that nobody runs proves nothing.

use std::{collections::BTreeSet, fs, path::Path};

/// What other crates' tests run: blob storages and what processes share.
const ELSEWHERE: [&str; 2] = ["blobs", "processes"];

/// Every case of the contract, as `module::case`.
fn written(folder: &Path, module: Option<&str>, cases: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("the contract is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        // another port's: its macro lists its cases, and testkit checks the list
        if name == "blobs" {
            continue;
        }
        if ELSEWHERE.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            written(&path, Some(module.unwrap_or(&name)), cases);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for line in text.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
            let case = line.split('(').next().unwrap_or_default();
            cases.insert(format!("{}::{case}", module.unwrap_or(&name)));
        }
    }
}

#[test]
fn every_case_is_run() {
    let mut run = BTreeSet::new();
    let mut module = String::new();
    for line in include_str!("main.rs").lines().chain(include_str!("views.rs").lines()) {
        if let Some(rest) = line.strip_prefix("testkit::contract_tests!(") {
            module = rest.trim_end_matches(" {").to_owned();
        } else if let Some(case) = line.strip_prefix("    ") {
            run.insert(format!("{module}::{}", case.trim_end_matches(',')));
        }
    }
    let mut cases = BTreeSet::new();
    let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testkit/src/contract");
    written(&contract, None, &mut cases);
    assert!(cases.len() > 100, "the cases were not found: {cases:?}");
    assert_eq!(cases.difference(&run).collect::<Vec<_>>(), Vec::<&String>::new());
}
