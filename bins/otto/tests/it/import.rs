//! `otto import`, as an operator runs it.

use serde_json::Value;

use crate::place::Place;

const FIXTURE: &str = include_str!("../../../../crates/store-sql/tests/it/import_fixture.sql");

#[tokio::test]
async fn a_company_is_moved_in_and_everything_agrees() {
    let old = testkit::empty_postgres().await;
    old.run(FIXTURE).await;
    let place = Place::empty().with("LOG_LEVEL", "error");
    place.ran(&["import"]).await.refused(&["there is nothing to import from", "OTTO_IMPORT_FROM"]);
    place.ran(&["import", "--from", "mysql://x"]).await.refused(&["begins with postgres://"]);
    let nowhere = place.ran(&["import", "--from", "postgres://otto:hunter2@127.0.0.1:1/old"]).await;
    assert!(!format!("{nowhere:?}").contains("hunter2"), "{nowhere:?}");
    nowhere.refused(&["cannot reach the predecessor's database"]);

    // where no list of processes shows it
    let place = place.with("OTTO_IMPORT_FROM", &old.url());
    let dry = place.ran(&["import", "--dry-run"]).await;
    assert!(dry.ended_well() && dry.said.contains("nothing was changed"), "{dry:?}");
    let moved = place.ran(&["import"]).await;
    assert!(moved.ended_well() && moved.said.contains("Moved in."), "{moved:?}");
    for told in [
        "1 set aside: it has no number that can be called",
        "such as 00000000-0000-4000-8000-0000000000c3",
        "1 taken otherwise: its customer has another active lead: it is asleep",
        "1 calls belong to no company",
    ] {
        assert!(moved.said.contains(told), "no {told:?} in {}", moved.said);
    }
    let verified = place.ran(&["verify"]).await;
    assert!(verified.ended_well(), "{verified:?}");

    let again = place.ran(&["import", "--json", "--company", "org_a"]).await;
    assert!(again.ended_well(), "{again:?}");
    let again: Value = serde_json::from_str(&again.said).expect("JSON");
    assert_eq!(
        (&again["anything_new"], &again["tables"][0]["there"]),
        (&false.into(), &1.into()),
        "{again:#}"
    );
    place.ran(&["import", "--company", "org_z"]).await.refused(&["the predecessor has no company org_z"]);
}
