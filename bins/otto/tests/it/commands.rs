//! Every command, on what a run left behind.

use std::{
    io::{Read, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    thread,
};

use serde_json::Value;

use crate::place::{Place, Ran, Running};

async fn quiet_demo(place: &Place, more: &[&str]) -> Ran {
    let args = [&["demo", "--calls", "20", "--quiet"], more].concat();
    place.ran(&args).await
}

fn accounted_for(ran: &Ran) {
    assert!(ran.ended_well(), "{ran:?}");
    for row in [
        "calls made                 20",
        "received                   20",
        "key signals",
        "duplicates refused",
    ] {
        assert!(ran.said.contains(row), "no {row:?} in {}", ran.said);
    }
    assert!(ran.said.contains("every call is accounted for, and nothing exists twice"), "{}", ran.said);
}

#[tokio::test]
async fn the_demo_accounts_for_every_call_and_leaves_a_folder_every_command_works_on() {
    let place = Place::empty().with("LOG_LEVEL", "error");
    accounted_for(&quiet_demo(&place, &["--faults", "heavy"]).await);
    // commands that look need no settings but the folder's
    look_around(&place).await;
    // and it may be run again on what is there
    accounted_for(&quiet_demo(&place, &["--seed", "2"]).await);
}

async fn look_around(place: &Place) {
    let listed = place.ran(&["webhooks", "list", "--json", "--limit", "1000"]).await;
    assert!(listed.ended_well(), "{listed:?}");
    let lines: Vec<Value> =
        listed.said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.len() > 20, "{}", lines.len());
    let of_state = |state: &str| lines.iter().filter(|line| line["state"] == state).collect::<Vec<_>>();
    let (applied, quarantined) = (of_state("applied"), of_state("quarantined"));
    assert!(!applied.is_empty() && !quarantined.is_empty(), "heavy faults tear some webhooks: {lines:?}");
    assert!(of_state("received").is_empty(), "{lines:?}");

    let some = place
        .ran(&["webhooks", "list", "--state", "quarantined", "--provider", "callrail", "--limit", "3"])
        .await;
    assert!(some.ended_well() && some.said.starts_with("ID"), "{some:?}");
    assert!(some.said.lines().count() <= 4 && !some.said.contains("applied"), "{}", some.said);
    place.ran(&["webhooks", "list", "--state", "lost"]).await.refused(&["--state must be received, applied"]);

    let id = applied[0]["id"].as_str().expect("an id");
    let shown = place.ran(&["webhooks", "show", id]).await;
    assert!(shown.ended_well(), "{shown:?}");
    let shown: Value = serde_json::from_str(&shown.said).expect("JSON");
    assert_eq!((&shown["id"], &shown["state"]), (&applied[0]["id"], &"applied".into()));
    assert!(shown["body"].is_object(), "{shown}");
    place.ran(&["webhooks", "show", "7"]).await.refused(&["a webhook's id is a UUID"]);
    let nobody = "01890000-0000-7000-8000-000000000000";
    place.ran(&["webhooks", "show", nobody]).await.refused(&["there is no such webhook"]);

    place.ran(&["webhooks", "replay", id]).await.refused(&["already applied"]);
    // torn JSON stays torn, and is told for each
    let again = place.ran(&["webhooks", "replay", "--quarantined"]).await;
    again.refused(&["its body still cannot be understood"]);
    assert!(again.said.contains(&format!("0 of {} replayed", quarantined.len())), "{again:?}");

    look_whether_all_agrees(place).await;

    let tenants = place.ran(&["tenants", "list"]).await;
    assert!(tenants.ended_well() && tenants.said.contains("America/Phoenix"), "{tenants:?}");
    let set =
        place.ran(&["tenants", "set", "--id", "org_new", "--name", "New", "--user", "user_9:csr"]).await;
    assert!(set.ended_well() && set.said.contains("/t/"), "{set:?}");
    assert!(place.ran(&["tenants", "list"]).await.said.contains("org_new"));
    // a secret that is there is not replaced in passing
    let id = crate::place::tenants()[0].company_id.clone();
    let args = ["tenants", "set", "--id", &id, "--name", "Summit"];
    for (given, told) in [("another's", "--replace-secrets"), ("", "is empty")] {
        let mut set = place.otto(&args);
        set.env("OTTO_TENANT_SIGNING_KEY", given);
        Ran::of(set, &args).await.refused(&[told]);
    }

    // what is not named again stays what it is
    let named = crate::place::tenants()[0].clone();
    let renamed = place.ran(&["tenants", "set", "--id", &named.company_id, "--name", "Renamed"]).await;
    assert!(renamed.ended_well(), "{renamed:?}");
    let listed = place.ran(&["tenants", "list"]).await.said;
    let line = listed.lines().find(|line| line.contains("Renamed")).expect("it is listed");
    assert!(line.contains(&named.time_zone), "{listed}");
    let taken = crate::place::tenants()[0].tracking_numbers[0].clone();
    let args = ["tenants", "set", "--id", "org_new", "--name", "New", "--tracking-number", &taken];
    place.ran(&args).await.refused(&["belongs to another"]);
    place
        .ran(&["tenants", "set", "--id", "o", "--name", "O", "--time-zone", "Mars"])
        .await
        .refused(&["not an IANA time zone"]);
    place
        .ran(&["tenants", "set", "--id", "o", "--name", "O", "--user", "user_9"])
        .await
        .refused(&["id:role"]);

    let migrated = place.ran(&["migrate"]).await;
    assert!(migrated.ended_well() && migrated.said.contains("up to date"), "{migrated:?}");
}

async fn look_whether_all_agrees(place: &Place) {
    let verified = place.ran(&["verify"]).await;
    assert!(verified.ended_well() && verified.said.starts_with("CHECK"), "{verified:?}");
    assert!(verified.said.ends_with("\nEverything agrees.\n"), "{verified:?}");
    let told =
        place.ran(&["verify", "--deep", "--json", "--check", "recordings", "--check", "leads.a"]).await;
    assert!(told.ended_well() && told.said.lines().count() == 1, "{told:?}");
    let told: Value = serde_json::from_str(&told.said).expect("JSON");
    let names: Vec<_> = told["checks"].as_array().expect("checks").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["recordings.stored", "recordings.orphans", "leads.active"]);
    assert_eq!((&told["clean"], &told["deep"]), (&true.into(), &true.into()));
    // named in full, what reads contents is made
    let keys = place.ran(&["verify", "--json", "--check", "webhooks.keys"]).await;
    assert!(keys.ended_well() && keys.said.contains("\"webhooks.keys\""), "{keys:?}");
    place.ran(&["verify", "--check", "calls.luck"]).await.refused(&["no check is called calls.luck"]);
    place.ran(&["verify", "--company", "org_nobody"]).await.refused(&["there is no company org_nobody"]);

    // a recording that is gone is told by name, and makes the command fail
    let some = place.data().join("blobs");
    let (there, away) = (place.beside("away"), a_recording(&some));
    std::fs::rename(&away, &there).expect("it can be moved");
    let verified = place.ran(&["verify", "--check", "recordings"]).await;
    assert_eq!(verified.status.code(), Some(1), "{verified:?}");
    for words in ["recordings.stored", "WRONG", "its object is missing", "1 check found something wrong"] {
        assert!(verified.said.contains(words), "no {words:?} in {}", verified.said);
    }
    std::fs::rename(&there, &away).expect("it can be moved back");
}

/// A file below a folder that is a recording.
fn a_recording(folder: &Path) -> PathBuf {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return a_recording(&path);
        }
        if !path.to_string_lossy().contains('~') {
            return path;
        }
    }
    panic!("there is no recording in {}", folder.display());
}

#[tokio::test]
async fn commands_that_need_no_database_make_none() {
    let place = Place::empty().with("UWC_HMAC_SECRET", "hunter2");
    let checked = place.ran(&["config", "check"]).await;
    assert!(checked.ended_well() && checked.said.contains("OTTO_DATA_DIR"), "{checked:?}");
    assert!(!checked.said.contains("hunter2"), "{checked:?}");
    let example = place.ran(&["config", "example"]).await;
    assert!(example.ended_well() && example.said.contains("#OTTO_DATA_DIR=./otto-data"), "{example:?}");
    let openapi = place.ran(&["openapi"]).await;
    let document: Value = serde_json::from_str(&openapi.said).expect("JSON");
    assert!(document["paths"]["/api/v1/calls"].is_object());
    assert!(!place.data().exists());
}

#[tokio::test]
async fn production_with_nothing_set_is_told_everything_it_needs_at_once() {
    for environment in ["staging", "production"] {
        let place = Place::empty();
        let mut check = place.otto(&["config", "check"]);
        check.env_clear().env("ENVIRONMENT", environment);
        let ran = Ran::of(check, &["config", "check"]).await;
        let example = place.ran(&["config", "example"]).await.said;
        let lines: Vec<_> = example.lines().collect();
        let required = lines.windows(2).filter(|pair| pair[0].ends_with("[required]"));
        let names: Vec<_> = required
            .filter_map(|pair| pair[1].strip_prefix('#')?.split_once('='))
            .map(|(name, _)| name)
            .chain(["REDIS_URL"])
            .collect();
        assert!(names.len() > 12 && names.contains(&"CLERK_ISSUER"), "{names:?}");
        ran.refused(&names);
        let told = format!("{} of the settings cannot be used", names.len());
        ran.refused(&[&told]);
    }
}

#[tokio::test]
async fn settings_in_force_are_shown_and_secrets_are_not() {
    let place = Place::empty()
        .with("TWILIO_AUTH_TOKEN", "hunter2")
        .with("OPENAI_API_KEYS", "hunter2,hunter2")
        .with("ENABLE_CELERY", "false")
        .with("USE_UWC_STAGING", "true");
    let checked = place.ran(&["config", "check"]).await;
    assert!(checked.ended_well() && !checked.said.contains("hunter2"), "{checked:?}");
    let row = |name: &str| {
        let row = checked.said.lines().find(|line| line.split_whitespace().next() == Some(name));
        row.expect(name).split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("TWILIO_AUTH_TOKEN"), "environment (set, 7 characters)");
    assert_eq!(row("ENABLE_WORKER"), "environment false");
    assert_eq!(row("UWC_BASE_URL"), "USE_UWC_STAGING https://otto-dev.shunyalabs.ai");
    let place = place.with("ENABLE_WORKER", "true");
    place.ran(&["serve"]).await.refused(&["ENABLE_CELERY", "says the opposite of ENABLE_WORKER"]);
}

#[tokio::test]
async fn a_developer_may_serve_without_a_worker() {
    let place = Place::empty().with("ENABLE_WORKER", "false").with("DEV_MODE", "true");
    let otto = place.start().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let health = || async {
        let asked = http.get(format!("{}/health/detailed", place.url())).send().await;
        asked.expect("an answer").json::<Value>().await.expect("JSON")
    };
    // the scheduler has said that it is there, so that who is not is known
    let deadline = tokio::time::Instant::now() + crate::place::GUARD;
    let told = loop {
        let told = health().await;
        if told["checks"]["schedulers"]["ok"] == true {
            break told;
        }
        assert!(tokio::time::Instant::now() < deadline, "{told}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    assert_eq!(told["checks"]["workers"]["ok"], false, "{told}");
    assert_eq!(told["missing"], serde_json::json!([]), "nobody expects one: {told}");
    otto.stop().await;
}

/// `otto` alone, with a life of its own going on.
async fn alive(place: &Place) -> Running {
    let mut otto = place.spawn_command(&[]);
    otto.ready().await;
    otto
}

#[tokio::test]
async fn the_demo_drives_an_otto_that_runs() {
    let place = Place::empty();
    let otto = alive(&place).await;
    let elsewhere = Place::empty();
    accounted_for(&quiet_demo(&elsewhere, &["--base-url", &place.url()]).await);
    assert!(!elsewhere.data().exists(), "it drives the other and keeps nothing");
    otto.stop().await;
}

#[tokio::test]
async fn the_demo_refuses_what_is_no_otto_of_a_developer() {
    let place = Place::empty();
    let nobody = place.url();
    quiet_demo(&place, &["--base-url", &nobody]).await.refused(&[&nobody, "cannot be reached"]);
    quiet_demo(&place, &["--base-url", "otto"]).await.refused(&["otto is not an Otto"]);

    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let website = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            let _ = stream.write_all(page.as_bytes());
        }
    });
    quiet_demo(&place, &["--base-url", &website]).await.refused(&[&website, "is not an Otto"]);

    for pace in ["nan", "0", "-1", "inf"] {
        let ran = quiet_demo(&place, &[&format!("--pace={pace}")]).await;
        assert!(!ran.ended_well() && ran.complained.contains("0.001 to 100"), "{ran:?}");
    }

    // an Otto whose providers are real
    let otto = place.start().await;
    quiet_demo(&Place::empty(), &["--base-url", &place.url()])
        .await
        .refused(&["a demo would call real people"]);
    otto.stop().await;
}
