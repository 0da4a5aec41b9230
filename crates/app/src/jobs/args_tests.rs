use std::{fs, path::Path};

use kernel::IdSource;
use uuid::Uuid;

use super::*;
use crate::jobs::KINDS;

struct NoIds;

impl IdSource for NoIds {
    fn next(&self) -> Uuid {
        Uuid::nil()
    }
}

fn id<T: From<Uuid>>(last: u8) -> T {
    format!("0190c0de-0000-7000-8000-0000000000{last:02x}").parse::<Uuid>().unwrap().into()
}

/// What is written today, by kind.
fn written() -> Vec<(&'static str, Value)> {
    fn of<A: JobArgs>(args: &A) -> (&'static str, Value) {
        (A::KIND.name, args.to_job(&NoIds, chrono::DateTime::UNIX_EPOCH).args)
    }
    vec![
        of(&FetchRecording { call: CallId(123) }),
        of(&SubmitToShunya { shunya_job: id(1) }),
        of(&PollShunya { shunya_job: id(1) }),
        of(&ApplyEngineEvent { inbox: id(2) }),
        of(&ListCompanyCalls {}),
        of(&MarkTasksOverdue {}),
    ]
}

#[test]
fn every_version_ever_stored_can_still_be_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/jobs");
    let mut read = 0;
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let kind = name.rsplit_once(".v").unwrap().0;
        let args: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(TenantJob::read(kind, &args).is_ok(), "{name} can no longer be read");
        read += 1;
    }
    assert!(read >= written().len());
}

#[test]
fn what_is_written_today_is_a_golden_file() {
    for (kind, args) in written() {
        let path = format!("{}/golden/jobs/{kind}.v{}.json", env!("CARGO_MANIFEST_DIR"), args["v"]);
        let golden: Value = serde_json::from_slice(&fs::read(&path).expect(&path)).unwrap();
        assert_eq!(args, golden, "{kind}: a change of arguments needs a new version");
    }
}

#[test]
fn every_kind_is_read_by_exactly_one_side() {
    for kind in KINDS {
        let tenant = TenantJob::read(kind.name, &json!({})) != Err(UnknownJob::Kind);
        let system = SystemJob::read(kind.name).is_ok();
        assert!(tenant ^ system, "{}", kind.name);
        assert!(kind.name.split_once('.').is_some_and(|(area, verb)| !area.is_empty() && verb.len() > 3));
    }
}

#[test]
fn arguments_of_another_version_are_refused_rather_than_guessed() {
    assert_eq!(TenantJob::read("recording.fetch", &json!({ "v": 2, "call": 1 })), Err(UnknownJob::Args));
    assert_eq!(TenantJob::read("recording.fetch", &json!({ "v": 1 })), Err(UnknownJob::Args));
}
