//! What stands in the way of starting is named, with its remedy; nothing is harmed, and once it is out of the way Otto
//! starts.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt, path::Path, process::Command};

use testkit::Database;

use crate::place::{Place, Ran};

/// A migration only a later version will have.
const LATER: &str = "20991231000000";

async fn starts(place: &Place) {
    place.start().await.stop().await;
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).expect("a file")
}

#[tokio::test]
async fn a_port_in_use() {
    let place = Place::empty();
    let other = TcpListener::bind(("127.0.0.1", place.port)).expect("the port is free");
    let port = format!("port {} is in use", place.port);
    place.ran(&["serve"]).await.refused(&[&port, "set PORT to a free port"]);
    assert!(!place.data().exists(), "nothing is made before the port is known to be ours");
    drop(other);
    starts(&place).await;
}

#[tokio::test]
async fn an_unknown_setting_of_ours() {
    let place = Place::empty().with("OTTO_DATA_DIRR", "elsewhere");
    for args in [&["serve"][..], &["migrate"], &["config", "check"], &["webhooks", "list"], &[]] {
        place.ran(args).await.refused(&[
            "OTTO_DATA_DIRR",
            "is not a setting of this version",
            ".env.example",
        ]);
    }
    assert!(!place.data().join("otto.db").exists());
}

#[tokio::test]
async fn malformed_settings_are_told_all_at_once_and_secrets_never() {
    let place = Place::empty()
        .with("PORT", "eighty")
        .with("UWC_BASE_URL", "shunya.example")
        .with("OTTO_JOB_LEASE_SECONDS", "0")
        .with("DATABASE_URL", "mysql://user:hunter2@db/otto");
    let ran = place.ran(&["serve"]).await;
    ran.refused(&[
        "PORT  must be a port number",
        "UWC_BASE_URL  must be an http:// or https:// address",
        "OTTO_JOB_LEASE_SECONDS  must be from 5 to 600",
        "DATABASE_URL  must begin with postgres:// or sqlite:",
    ]);
    assert!(!ran.complained.contains("hunter2"), "{ran:?}");
    assert!(!place.data().exists());
}

#[tokio::test]
async fn demo_sign_in_outside_development() {
    for environment in ["staging", "production"] {
        let place = Place::empty().with("ENVIRONMENT", environment).with("DEV_MODE", "true");
        let told = format!("DEV_MODE  must not be on in {environment}");
        place.ran(&["serve"]).await.refused(&[&told, "OTTO_ENCRYPTION_KEY", "DATABASE_URL", "BACKEND_URL"]);
        assert!(!place.data().exists());
    }
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_one() {
    let place = Place::empty();
    fs::write(place.beside("file"), b"kept").expect("a file");
    let within = place.beside("file").join("data");
    let place = place.with("OTTO_DATA_DIR", within.to_str().expect("a path in UTF-8"));
    for args in [&["serve"][..], &["migrate"], &["demo", "--calls", "1", "--quiet"], &[]] {
        place.ran(args).await.refused(&["cannot write", "file/data", "OTTO_DATA_DIR to another one"]);
    }
    assert_eq!(bytes(&place.beside("file")), b"kept");
}

/// `otto` as a user who may not write everywhere, which root may.
async fn as_nobody(place: &Place, args: &[&str]) -> Ran {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !is_root {
        return place.ran(args).await;
    }
    // where the program is built others may not look
    let program = place.beside("otto");
    if !program.exists() {
        let built = env!("CARGO_BIN_EXE_otto");
        fs::hard_link(built, &program).or_else(|_| fs::copy(built, &program).map(drop)).expect("a copy");
    }
    let program = program.to_str().expect("a path in UTF-8");
    let all = [&["--reuid", "65534", "--regid", "65534", "--clear-groups", program], args].concat();
    Ran::of(place.program("setpriv", &all), args).await
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions are changed");
}

#[tokio::test]
async fn a_data_directory_that_is_read_only() {
    let place = Place::empty();
    assert!(place.ran(&["migrate"]).await.ended_well());
    let (data, file) = (place.data(), place.data().join("otto.db"));
    let before = bytes(&file);
    allow(place.data().parent().expect("a folder around it"), 0o755);
    allow(&data, 0o555);
    for args in [&["serve"][..], &["migrate"]] {
        let path = data.to_str().expect("a path in UTF-8");
        as_nobody(&place, args).await.refused(&["cannot write", path, "writable", "OTTO_DATA_DIR"]);
    }
    allow(&data, 0o755);
    assert_eq!(bytes(&file), before);
    starts(&place).await;
}

async fn from_a_newer_version(database: Database) {
    let place = Place::empty().with("DATABASE_URL", &database.url());
    assert!(place.ran(&["migrate"]).await.ended_well());
    database.run(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{LATER}')")).await;
    let versions = "SELECT CAST(version AS TEXT) FROM __diesel_schema_migrations ORDER BY version";
    let before = database.texts(versions).await;
    for args in [&["serve"][..], &["migrate"], &["tenants", "list"]] {
        place.ran(args).await.refused(&[
            "newer version of Otto",
            LATER,
            "Start the version that made it",
            "backup",
        ]);
    }
    assert_eq!(database.texts(versions).await, before);
    database.run(&format!("DELETE FROM __diesel_schema_migrations WHERE version = '{LATER}'")).await;
    starts(&place).await;
}

#[tokio::test]
async fn an_sqlite_file_from_a_newer_version() {
    from_a_newer_version(testkit::sqlite().await).await;
}

#[tokio::test]
async fn a_postgres_database_from_a_newer_version() {
    from_a_newer_version(testkit::postgres().await).await;
}

#[tokio::test]
async fn a_database_that_cannot_be_reached() {
    let place = Place::empty().with("DATABASE_URL", "postgres://otto:hunter2@127.0.0.1:1/otto");
    let ran = place.ran(&["serve"]).await;
    ran.refused(&["cannot open the database", "DATABASE_URL"]);
    assert!(!ran.complained.contains("hunter2"), "{ran:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database() {
    let place = Place::empty();
    fs::create_dir(place.data()).expect("a folder");
    let file = place.data().join("otto.db");
    fs::write(&file, "a letter to grandmother, and quite a long one at that".repeat(40)).expect("a file");
    let before = bytes(&file);
    place.ran(&["serve"]).await.refused(&["file is not a database", "Restore a backup"]);
    assert_eq!(bytes(&file), before, "whatever it is, it is not ours to change");
}

#[tokio::test]
async fn a_key_that_is_none() {
    let place = Place::empty().with("OTTO_ENCRYPTION_KEY", "c2hvcnQ=");
    for command in [&["serve"][..], &["config", "check"]] {
        let ran = place.ran(command).await;
        ran.refused(&["OTTO_ENCRYPTION_KEY"]);
        assert!(!ran.complained.contains("c2hvcnQ"), "{ran:?}");
    }
}

#[tokio::test]
async fn another_key_than_the_one_secrets_were_sealed_with() {
    let place = Place::empty();
    place.set_up_tenants().await;
    let kept = fs::read_to_string(place.data().join("encryption.key")).expect("a key");
    let other = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let place = place.with("OTTO_ENCRYPTION_KEY", other);
    place.ran(&["serve"]).await.refused(&["OTTO_ENCRYPTION_KEY", "does not open", "separated by a comma"]);
    place.ran(&["tenants", "reseal"]).await.refused(&["OTTO_ENCRYPTION_KEY"]);
    let place = place.with("OTTO_ENCRYPTION_KEY", &format!("{other},{}", kept.trim()));
    starts(&place).await;

    // sealed anew, nothing needs the old one any more
    let resealed = place.ran(&["tenants", "reseal"]).await;
    assert!(resealed.ended_well() && resealed.said.contains("sealed with the newest key"), "{resealed:?}");
    starts(&place.with("OTTO_ENCRYPTION_KEY", other)).await;
}

/// A disk as large as a limit on files allows: what is beyond it fails as on a full disk.
#[tokio::test]
async fn a_file_that_may_not_grow() {
    let place = Place::empty();
    let program = env!("CARGO_BIN_EXE_otto");
    let script = format!("trap '' XFSZ; ulimit -f 40; exec '{program}' migrate");
    let ran = Ran::of(place.program("sh", &["-c", &script]), &["migrate"]).await;
    ran.refused(&["disk", "Nothing was changed"]);
    starts(&place).await;
}
