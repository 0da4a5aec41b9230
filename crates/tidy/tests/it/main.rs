//! The repository, held to its own rules.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]
#![expect(clippy::case_sensitive_file_extension_comparisons, reason = "the names are our own")]

mod deploy;
mod migrations;
mod observing;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use cargo_metadata::{DependencyKind, MetadataCommand};
use tidy::{Crate, documented_paths, forbidden_names, too_long, violations};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Files git keeps, or would keep.
fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git lists the files");
    let listed = String::from_utf8(listed.stdout).unwrap();
    listed.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect()
}

fn workspace() -> Vec<Crate> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let packages = metadata.workspace_packages();
    let built_with = |package: &cargo_metadata::Package| {
        let kept = package.dependencies.iter().filter(|one| one.kind != DependencyKind::Development);
        kept.map(|one| one.name.clone()).collect()
    };
    packages
        .into_iter()
        .map(|package| Crate { name: package.name.to_string(), dependencies: built_with(package) })
        .collect()
}

#[test]
fn imports_point_inward_and_drivers_have_one_owner() {
    let workspace = workspace();
    assert!(workspace.len() > 10, "the workspace was not read");
    let broken: Vec<_> = violations(&workspace).iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_dependency_is_declared_once_in_the_workspace() {
    let mut elsewhere = Vec::new();
    for path in files().iter().filter(|path| path.ends_with("Cargo.toml") && path.contains('/')) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let mut section = "";
        for line in text.lines() {
            if line.starts_with('[') {
                section = line;
            } else if section.contains("dependencies")
                && line.contains('=')
                && !line.contains("workspace = true")
            {
                elsewhere.push(format!("{path}: {line}"));
            }
        }
    }
    assert!(elsewhere.is_empty(), "\n{}", elsewhere.join("\n"));
}

#[test]
fn files_are_short_and_their_names_say_something() {
    let mut wrong = Vec::new();
    for path in files() {
        wrong.extend(forbidden_names(&path).into_iter().map(|name| format!("{path}: '{name}' says nothing")));
        if path.ends_with(".rs") {
            let source = fs::read_to_string(root().join(&path)).unwrap();
            wrong.extend(too_long(&source).map(|lines| format!("{path}: {lines} lines; is it one thing?")));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn documents_name_files_that_exist() {
    let mut missing = Vec::new();
    for path in files().iter().filter(|path| path.ends_with(".md")) {
        let text = fs::read_to_string(root().join(path)).unwrap();
        for named in documented_paths(&text) {
            if !root().join(&named).exists() {
                missing.push(format!("{path} names {named}"));
            }
        }
    }
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn the_architecture_has_a_word_for_every_crate() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let named: BTreeSet<_> = text.split('`').skip(1).step_by(2).collect();
    let missing: Vec<_> =
        workspace().into_iter().map(|one| one.name).filter(|name| !named.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md says nothing of {missing:?}");
}

#[test]
fn nothing_committed_speaks_of_this_machine() {
    // spelled in two halves, so that this file does not name what it forbids
    let places = [["/work", "/"].concat(), ["/root", "/"].concat(), ["/home", "/"].concat()];
    let mut found = Vec::new();
    for path in files().iter().filter(|path| !path.ends_with(".gz") && !path.ends_with(".lock")) {
        let Ok(text) = fs::read_to_string(root().join(path)) else { continue };
        for (at, line) in text.lines().enumerate() {
            if places.iter().any(|place| line.contains(place.as_str())) {
                found.push(format!("{path}:{}: {line}", at + 1));
            }
        }
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}
