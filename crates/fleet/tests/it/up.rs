//! The program people start: it says where to look, can be driven by `otto demo`, mends what is killed, and leaves nothing
//! behind but logs.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use servers::{Process, Signal};
use tokio::{process::Command, time::timeout};

use crate::ground::{GUARD, eventually};

/// The numbers of the processes it tells of, by name.
fn told(said: &str) -> Vec<(String, String)> {
    let lines = said.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, id) = (words.next()?, words.next()?);
        id.parse::<u32>().ok().map(|_| (name.to_owned(), id.to_owned()))
    });
    lines.collect()
}

async fn kill(signal: &str, id: &str) -> bool {
    let mut kill = Command::new("kill");
    let sent = kill.args([signal, id]).stderr(std::process::Stdio::null()).status().await;
    sent.expect("kill can be run").success()
}

async fn demo(programs: &Path, folder: &Path, url: &str) -> String {
    let mut otto = Command::new(programs.join("otto"));
    otto.args(["demo", "--base-url", url, "--calls", "20", "--faults", "light", "--quiet"])
        .env_clear()
        .current_dir(folder)
        .kill_on_drop(true);
    let output = timeout(GUARD * 3, otto.output()).await.expect("the demo ends").expect("otto starts");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_command_runs_everything_and_leaves_nothing_behind() {
    let _alone = crate::ground::alone().await;
    let place = tempfile::tempdir().expect("a folder");
    let (logs, temporary) = (place.path().join("logs"), place.path().join("tmp"));
    fs::create_dir(&temporary).unwrap();
    // PostgreSQL may run as somebody else
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let programs = Path::new(env!("CARGO_BIN_EXE_fleet")).parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_fleet"));
    command
        .args(["--servers", "2", "--workers", "1", "--crons", "1", "--no-traffic", "--logs"])
        .arg(&logs)
        .env("TMPDIR", &temporary)
        .current_dir(place.path());
    let mut fleet = Process::start("fleet", command, &place.path().join("fleet.log")).unwrap();
    eventually("it runs", async || {
        assert!(fleet.ended().unwrap().is_none(), "{}", fleet.said());
        fleet.said().contains("Ctrl-C stops everything")
    })
    .await;
    let said = fleet.said();
    let url = said.split_whitespace().find(|word| word.ends_with("/console")).expect("an address");
    let accounted = demo(programs, place.path(), url.trim_end_matches("/console")).await;
    assert!(accounted.contains("every call is accounted for, and nothing exists twice"), "{accounted}");

    let processes = told(&said);
    let names: Vec<_> = processes.iter().map(|(name, _)| name.as_str()).collect();
    for name in ["otto-server-1", "otto-server-2", "otto-worker-1", "otto-cron-1", "postgres", "redis", "s3"]
    {
        assert!(names.contains(&name), "{name} is not told of: {said}");
    }
    let of = |name: &str| &processes.iter().find(|(known, _)| known == name).unwrap().1;
    assert!(kill("-KILL", of("otto-worker-1")).await);
    eventually("the worker is started again", async || {
        let log = fs::read_to_string(logs.join("otto-worker-1.log")).unwrap_or_default();
        log.matches(" started ").count() == 2
    })
    .await;
    assert!(fleet.said().contains("otto-worker-1 ended (signal: 9 (SIGKILL)) and is started again"));

    fleet.signal(Signal::INT).unwrap();
    let status = fleet.end(Duration::from_mins(1)).await.unwrap();
    assert_eq!(status.code(), Some(0), "{}", fleet.said());
    for (name, id) in &processes {
        assert!(!kill("-0", id).await, "{name} still runs");
    }
    let left: Vec<_> = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let mut kept: Vec<_> =
        fs::read_dir(&logs).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    kept.sort();
    assert_eq!(kept, ["otto-cron-1.log", "otto-server-1.log", "otto-server-2.log", "otto-worker-1.log"]);
}
