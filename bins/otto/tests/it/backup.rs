//! The restore drill: a backup while work goes on, restored elsewhere, verified, and everything goes on from there.

use std::{fs, path::Path};

use serde_json::Value;
use simulators::Faults;
use testkit::{
    Database,
    aftermath::{ended_otherwise, promises_not_kept, told_by_otto},
};
use tokio::time::{Instant, sleep};

use crate::{
    place::{GUARD, Place, tenants},
    survival::{order, settled, stand_ins},
};

/// How many calls.
const CALLS: u64 = 90;

fn manifest(folder: &Path) -> Value {
    let text = fs::read_to_string(folder.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}

/// The calls there are.
async fn calls(database: &Database) -> Vec<String> {
    database.texts("SELECT company_id || ' ' || provider_call_id FROM calls ORDER BY 1").await
}

async fn drill(database: Database, elsewhere: Database) {
    let simulators = stand_ins(Faults::LIGHT);
    let as_it_runs = |place: Place, database: &Database| {
        place
            .with_world(database, &simulators)
            .with("OTTO_JOB_LEASE_SECONDS", "6")
            .with("OTTO_CALLRAIL_LIST_SECONDS", "30")
            .with("LOG_LEVEL", "error")
    };
    let place = as_it_runs(Place::empty(), &database);
    place.set_up_tenants().await;
    simulators.set_otto_url(&place.url());
    let otto = place.start().await;
    let calling = tokio::spawn(demo::run(order(&place, simulators.traffic(tenants()), CALLS)));

    // in the middle of it
    simulators.wait_for(|stats| stats.callrail.calls >= CALLS / 3).await;
    let folder = place.beside("backup");
    let to = folder.to_str().expect("a path in UTF-8");
    let backed_up = place.ran(&["backup", "--to", to, "--with-key", "--quiet"]).await;
    assert!(backed_up.ended_well(), "{backed_up:?}");
    assert!(!calling.is_finished(), "it was made while calls came in");
    let made = manifest(&folder);
    let rows = &made["database"]["rows"];
    let unfinished = database.number("SELECT count(*) FROM jobs WHERE state IN ('ready', 'running')").await;
    assert!(rows["calls"].as_u64() > Some(0) && unfinished > 0, "{made}");
    assert_eq!((&made["with_key"], &made["recordings"]["missing"]), (&true.into(), &0.into()));
    let report = calling.await.expect("the calls are made").expect("the API answers");
    assert!(report.is_clean(), "{}", report.table());
    otto.stop().await;
    let in_the_end = calls(&database).await;

    // the first is gone with all it did since, and another takes its place
    let second = as_it_runs(Place::empty(), &elsewhere);
    let restored = second.ran(&["restore", "--from", to, "--quiet"]).await;
    assert!(restored.ended_well(), "{restored:?}");
    assert!(restored.said.ends_with("\nEverything agrees.\n"), "{restored:?}");
    let there = calls(&elsewhere).await;
    assert_eq!(there.len().to_string(), rows["calls"].to_string());
    assert!(there.iter().all(|call| in_the_end.contains(call)), "calls nobody made");
    assert!(there.len() < in_the_end.len(), "there is something to be made up for");
    second.ran(&["restore", "--from", to, "--quiet"]).await.refused(&["the database is not empty"]);

    simulators.set_otto_url(&second.url());
    let otto = second.start().await;
    // the provider's list tells of the calls whose webhooks went to the one that is gone
    let wanted = i64::try_from(in_the_end.len()).expect("some calls");
    let ended = "SELECT count(*) FROM calls WHERE stage IN ('analysed', 'missed', 'awaiting_recording', 'no_recording')";
    let deadline = Instant::now() + GUARD * 3;
    while elsewhere.number(ended).await < wanted {
        if Instant::now() >= deadline {
            let stages = "SELECT stage || ' ' || CAST(count(*) AS TEXT) FROM calls GROUP BY stage";
            panic!("not all calls come to their end: {:?}\n{}", elsewhere.texts(stages).await, otto.told());
        }
        sleep(std::time::Duration::from_millis(200)).await;
    }
    settled(&elsewhere).await;
    otto.stop().await;
    assert_eq!(calls(&elsewhere).await, in_the_end);
    let mut found = told_by_otto(&second.verified().await);
    found.extend(ended_otherwise(&elsewhere, &report.calls).await);
    found.extend(promises_not_kept(&elsewhere, &report.calls).await);
    assert!(found.is_empty(), "{}", found.join("\n"));
    simulators.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_from_a_backup_on_sqlite() {
    drill(testkit::sqlite().await, testkit::empty_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_goes_on_from_a_backup_on_postgres() {
    drill(testkit::postgres().await, testkit::empty_postgres().await).await;
}

/// A place with a few calls in it, on a file of its own.
async fn furnished() -> Place {
    let place = Place::empty().with("LOG_LEVEL", "error");
    let made = place.ran(&["demo", "--calls", "6", "--quiet"]).await;
    assert!(made.ended_well(), "{made:?}");
    place
}

#[tokio::test]
async fn a_backup_is_whole_or_is_none() {
    let place = furnished().await;
    let folder = place.beside("backup");
    let to = folder.to_str().expect("a path in UTF-8");
    let backed_up = place.ran(&["backup", "--to", to]).await;
    assert!(
        backed_up.ended_well() && backed_up.said.contains("encryption.key IS NOT IN THE BACKUP"),
        "{backed_up:?}"
    );
    assert!(!folder.join("encryption.key").exists());
    place.ran(&["backup", "--to", to]).await.refused(&["is not empty"]);

    // without its key it is of no use, and that is told before anything is done
    let second = Place::empty();
    second
        .ran(&["restore", "--from", to])
        .await
        .refused(&["not the key that opens them", "OTTO_ENCRYPTION_KEY"]);
    assert!(!second.data().join("otto.db").exists());
    fs::create_dir_all(second.data()).expect("a folder");
    fs::copy(place.data().join("encryption.key"), second.data().join("encryption.key")).expect("a key");
    let restored = second.ran(&["restore", "--from", to, "--deep"]).await;
    assert!(restored.ended_well() && restored.said.contains("Everything agrees"), "{restored:?}");

    // a byte of it that is another is told, and nothing is restored
    let dump = folder.join("database.sqlite");
    let whole = fs::read(&dump).expect("a dump");
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&dump, damaged).expect("it can be written");
    let third = Place::empty();
    fs::create_dir_all(third.data()).expect("a folder");
    fs::copy(place.data().join("encryption.key"), third.data().join("encryption.key")).expect("a key");
    third.ran(&["restore", "--from", to]).await.refused(&["damaged"]);
    assert!(!third.data().join("otto.db").exists());
    fs::write(&dump, whole).expect("it can be written");

    // another's key is not written over
    let with_key = place.beside("with-key");
    let with_key = with_key.to_str().expect("a path in UTF-8");
    let backed_up = place.ran(&["backup", "--to", with_key, "--with-key"]).await;
    assert!(backed_up.ended_well() && backed_up.said.contains("The key is in it"), "{backed_up:?}");
    let third = Place::empty();
    fs::create_dir_all(third.data()).expect("a folder");
    fs::write(third.data().join("encryption.key"), "another").expect("a key");
    third.ran(&["restore", "--from", with_key]).await.refused(&["is another key than the backup's"]);

    // one that broke off has no manifest
    fs::remove_file(folder.join("manifest.json")).expect("a manifest");
    Place::empty().ran(&["restore", "--from", to]).await.refused(&["is no backup", "broke off"]);
    // and one of a newer program is left to it
    let newer = fs::read_to_string(Path::new(with_key).join("manifest.json")).expect("a manifest");
    let newer = newer.replacen("\"migrations\": [", "\"migrations\": [ \"99990101000000\",", 1);
    fs::write(Path::new(with_key).join("manifest.json"), newer).expect("a manifest");
    Place::empty().ran(&["restore", "--from", with_key]).await.refused(&["migration 99990101000000"]);
}

#[tokio::test]
async fn a_backup_without_all_recordings_says_so() {
    let place = furnished().await;
    fs::remove_dir_all(place.data().join("blobs")).expect("recordings");
    let folder = place.beside("backup");
    let to = folder.to_str().expect("a path in UTF-8");
    let backed_up = place.ran(&["backup", "--to", to, "--with-key"]).await;
    backed_up.refused(&["recordings were not there", "holds everything else"]);
    assert!(manifest(&folder)["recordings"]["missing"].as_u64() > Some(0));
    let second = Place::empty();
    let restored = second.ran(&["restore", "--from", to]).await;
    assert_eq!(restored.status.code(), Some(1), "{restored:?}");
    assert!(restored.said.contains("its object is missing"), "{restored:?}");
}

#[tokio::test]
async fn nobody_backs_up_what_is_not_there() {
    let place = Place::empty();
    let folder = place.beside("backup");
    let to = folder.to_str().expect("a path in UTF-8");
    place.ran(&["backup", "--to", to]).await.refused(&["there is no file"]);
    assert!(!folder.join("manifest.json").exists());
    let place = place.with("OTTO_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=");
    place.ran(&["backup", "--to", to, "--with-key"]).await.refused(&["the key is in OTTO_ENCRYPTION_KEY"]);
}
