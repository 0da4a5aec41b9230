use std::collections::BTreeMap;

use settings::{VARIABLES, read};

use crate::{PRODUCTION, names, production};

#[test]
fn every_name_operators_use_is_known() {
    let names = include_str!("contract_names.txt").lines().filter(|line| !line.starts_with('#'));
    let known = |name: &str| VARIABLES.iter().any(|one| one.name == name || one.aliases.contains(&name));
    let (mut seen, mut unknown) = (0, Vec::new());
    for name in names {
        seen += 1;
        if !known(name) {
            unknown.push(name);
        }
    }
    assert_eq!(seen, 73);
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn names_are_of_one_setting_each() {
    let mut all: Vec<_> = VARIABLES.iter().flat_map(|one| one.aliases.iter().chain([&one.name])).collect();
    let count = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), count);
}

#[test]
fn production_with_what_it_must_have_is_fine_and_each_of_it_is_missed() {
    production(&[]).expect("nothing is missing");
    for (name, _) in PRODUCTION.iter().filter(|(name, _)| !["ENVIRONMENT", "S3_BUCKET"].contains(name)) {
        let problems = production(&[(name, "")]).expect_err(name);
        assert_eq!(names(&problems), [*name]);
    }
    let required: Vec<_> = VARIABLES.iter().filter(|one| one.required).map(|one| one.name).collect();
    for name in &required {
        assert!(PRODUCTION.iter().any(|(known, _)| known == name), "{name}");
    }
    // and all of them at once
    let empty = BTreeMap::from([("ENVIRONMENT".to_owned(), "production".to_owned())]);
    let problems = read(&empty).unwrap_err();
    let mut expected = [required.as_slice(), &["REDIS_URL"]].concat();
    expected.sort_unstable();
    assert_eq!(names(&problems), expected);
}

#[test]
fn what_is_secret_is_never_shown() {
    let secrets: Vec<_> = VARIABLES.iter().filter(|one| one.secret).map(|one| one.name).collect();
    for name in [
        "CLERK_SECRET_KEY",
        "CLERK_WEBHOOK_SECRET",
        "TWILIO_AUTH_TOKEN",
        "OPENAI_API_KEY",
        "OPENAI_API_KEYS",
        "DEEPGRAM_API_KEY",
        "BLAND_API_KEY",
        "GOOGLE_MAPS_API_KEY",
        "AI_INTERNAL_TOKEN",
        "REDIS_URL",
    ] {
        assert!(secrets.contains(&name), "{name}");
    }
    // right and wrong values alike
    for value in ["sk_whsec_hunter2", "hunter2 hunter2"] {
        let given: BTreeMap<_, _> = secrets
            .iter()
            .filter(|name| !name.ends_with("_URL"))
            .map(|name| ((*name).to_owned(), value.to_owned()))
            .collect();
        let told = match read(&given) {
            Ok(settings) => format!("{settings:?}"),
            Err(problems) => format!("{problems}\n{problems:?}"),
        };
        assert!(!told.contains("hunter2"), "{told}");
    }
}
