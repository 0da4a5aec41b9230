//! What starts Otto elsewhere names only programs and settings there are.

use std::{collections::BTreeSet, fs};

use crate::{files, root};

/// Beginnings of other programs' settings.
const OTHERS: [&str; 3] = ["POSTGRES_", "MINIO_", "MC_"];

/// Every file that starts Otto, without its comments.
fn texts() -> Vec<(String, String)> {
    let starts = |path: &String| path.starts_with("deploy/") || path == "Procfile";
    let uncommented = |text: String| {
        let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
        lines.join("\n")
    };
    files()
        .into_iter()
        .filter(starts)
        .map(|path| (path.clone(), uncommented(fs::read_to_string(root().join(path)).expect("a text"))))
        .collect()
}

fn words<'a>(text: &'a str, of: &'a str) -> impl Iterator<Item = &'a str> {
    let within = move |c: char| c.is_ascii_alphanumeric() || of.contains(c);
    text.split(move |c: char| !within(c)).filter(|word| !word.is_empty())
}

/// Programs named by where they are installed, built or started.
fn programs(path: &str, text: &str) -> BTreeSet<String> {
    let installed = words(text, "/_-.").filter_map(|word| {
        ["/usr/local/bin/", "/programs/", "target/release/"].iter().find_map(|place| word.strip_prefix(place))
    });
    let started = text.lines().filter_map(|line| match path {
        "Procfile" => line.split_once(':')?.1.split_whitespace().next(),
        _ => None,
    });
    installed.chain(started).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn programs_that_are_started_are_built() {
    let texts = texts();
    assert!(texts.len() > 8, "the files were not found");
    let named: BTreeSet<_> = texts.iter().flat_map(|(path, text)| programs(path, text)).collect();
    let built: BTreeSet<_> = fs::read_dir(root().join("bins"))
        .expect("programs")
        .map(|entry| entry.expect("a program").file_name().into_string().expect("a name"))
        .collect();
    assert_eq!(named, built);
}

#[test]
fn settings_that_are_set_are_read() {
    let example = fs::read_to_string(root().join(".env.example")).expect("the example");
    let known: BTreeSet<_> = example
        .lines()
        .filter_map(|line| line.strip_prefix('#')?.split_once('=').map(|(name, _)| name))
        .collect();
    let is_name = |word: &&str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    let mut unknown = Vec::new();
    let mut found = 0;
    for (path, text) in texts().iter().filter(|(path, _)| !path.ends_with(".dockerignore")) {
        for name in words(text, "_").filter(is_name) {
            found += 1;
            let others =
                OTHERS.iter().any(|beginning| name.starts_with(beginning)) || name.starts_with("AF_");
            if !others && !known.contains(name) {
                unknown.push(format!("{path}: {name}"));
            }
        }
    }
    assert!(found > 20, "the names were not found");
    assert!(unknown.is_empty(), "\n{}", unknown.join("\n"));
}

/// What must be set in production is asked for before anything starts.
#[test]
fn settings_that_must_be_set_are_asked_for() {
    let example = fs::read_to_string(root().join(".env.example")).expect("the example");
    let compose = fs::read_to_string(root().join("deploy/compose.yaml")).expect("the file");
    let lines: Vec<_> = example.lines().collect();
    let required = lines.windows(2).filter_map(|pair| match pair {
        [help, name] if help.ends_with("[required]") => {
            name.strip_prefix('#')?.split_once('=').map(|(name, _)| name)
        }
        _ => None,
    });
    let mut asked = 0;
    for name in required {
        asked += 1;
        assert!(compose.contains(&format!("    {name}: ")), "deploy/compose.yaml does not set {name}");
    }
    assert!(asked > 3, "the required settings were not found");
}
