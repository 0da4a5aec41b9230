//! A disk that is full, when Otto starts and while it runs. Real ones, where this machine lets us make them.

use std::{fs, process::Command, time::Duration};

use demo::DemoOrder;
use simulators::SimulatorSettings;

use crate::place::{Place, Ran, tenants};

/// Runs a script where it may mount file systems that nobody else sees.
const UNSHARED: [&str; 4] = ["--map-root-user", "--mount", "sh", "-c"];

fn can_mount() -> bool {
    let tried = Command::new("unshare").args(UNSHARED).arg("mount -t tmpfs tmpfs /mnt").output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("no file systems can be mounted here; the limit on files has to do");
    }
    can
}

fn place() -> Place {
    let place = Place::empty();
    fs::create_dir(place.data()).expect("a folder");
    place
}

#[tokio::test]
async fn at_the_start() {
    if !can_mount() {
        return;
    }
    let place = place();
    let script = format!(
        "mount -t tmpfs -o size=96k tmpfs '{data}' || exit 9
         '{otto}' migrate; echo \"full: $?\"
         mount -o remount,size=0 tmpfs '{data}' && '{otto}' migrate && '{otto}' tenants list; echo \"free: $?\"",
        data = place.data().display(),
        otto = env!("CARGO_BIN_EXE_otto"),
    );
    let args = [&UNSHARED[..], &[&script]].concat();
    let ran = Ran::of(place.program("unshare", &args), &["migrate", "on a full disk"]).await;
    assert!(ran.said.contains("full: 1"), "{ran:?}");
    assert!(ran.said.contains("the database is up to date") && ran.said.ends_with("free: 0\n"), "{ran:?}");
    for words in ["disk is full", "Nothing was changed", "free some space"] {
        assert!(ran.complained.contains(words), "{ran:?}");
    }
}

/// Webhooks that cannot be stored are refused; once there is space again everything is found that was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_runs() {
    if !can_mount() {
        return;
    }
    let settings = SimulatorSettings { time_scale: 0.1, ..SimulatorSettings::default() };
    let simulators = simulators::start(settings).expect("the stand-ins start");
    let mut place = place();
    for (name, value) in simulators.environment() {
        place = place.with(name, &value);
    }
    let place = place
        .with("DEV_MODE", "true")
        .with("ENABLE_RATE_LIMITING", "false")
        .with("DEV_TEST_COMPANY_ID", &tenants()[0].company_id)
        .with("OTTO_CALLRAIL_LIST_SECONDS", "30")
        .with("LOG_LEVEL", "off");
    // what is mounted is seen by this one shell and its children alone
    place.set_up_tenants().await;
    let script = format!(
        "cp -a '{data}' kept && mount -t tmpfs -o size=2500k tmpfs '{data}' && cp -a kept/. '{data}' || exit 9
         '{otto}' serve & served=$!
         trap 'kill -TERM $served' TERM
         while [ ! -e enough ]; do sleep 0.05; done
         mount -o remount,size=0 tmpfs '{data}' && touch free
         wait $served; wait $served; exit $?",
        data = place.data().display(),
        otto = env!("CARGO_BIN_EXE_otto"),
    );
    let mut otto = place.spawn_program("unshare", &[&UNSHARED[..], &[&script]].concat());
    otto.ready().await;
    simulators.set_otto_url(&place.url());
    let order = DemoOrder {
        base_url: place.url(),
        traffic: simulators.traffic(tenants()),
        tenants: tenants(),
        calls: 40,
        at_once: 8,
        patience: Duration::from_mins(2),
        started_at: kernel::Clock::now(&wiring::SystemClock),
        progress: false,
    };
    let calling = tokio::spawn(demo::run(order));
    simulators.wait_for(|stats| stats.callrail.webhooks_lost > 10).await;
    fs::write(place.beside("enough"), b"").expect("a file");
    let report = calling.await.expect("the calls are made").expect("the API answers");
    assert!(report.is_clean(), "{}\n{}", report.table(), otto.told());
    assert!(place.beside("free").exists());
    otto.stop().await;
    simulators.stop().await;
}
