use std::{collections::BTreeMap, process::ExitCode};

use app::verify::{Order, verify};
use telemetry::LogFormat;
use wiring::backup::{self, Manifest, RecordingsKept};

use super::{Failure, settings_of, verify as verify_command, world};
use crate::{
    bars::Bars,
    cli::{BackupArgs, RestoreArgs},
    output::{complain, say},
};

/// `otto backup`.
pub async fn back_up(args: BackupArgs) -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    telemetry::start_logs("warn", LogFormat::Readable)?;
    let manifest = backup::back_up(&settings, &args.to, args.with_key, &Bars::new(args.quiet)).await?;
    say(&format!("backed up to {}: {}", args.to.display(), told(&manifest)));
    let credentials = manifest.database.rows.get("provider_credentials").copied().unwrap_or_default();
    match (manifest.with_key, &settings.encryption_key) {
        (true, _) => say("The key is in it: whoever has the folder has everything.\n"),
        (false, Some(_)) => say(&format!(
            "OTTO_ENCRYPTION_KEY IS NOT IN THE BACKUP. Keep it elsewhere: without it the {credentials} credentials in the \
             backup cannot be opened, and Otto will not start on it.\n"
        )),
        (false, None) => say(&format!(
            "{} IS NOT IN THE BACKUP. Keep a copy of it elsewhere: without it the {credentials} credentials in the backup \
             cannot be opened, and Otto will not start on it. --with-key puts it into the backup.\n",
            settings.data_dir.join("encryption.key").display()
        )),
    }
    Ok(match manifest.recordings {
        RecordingsKept::Folder { missing, strange, .. } if missing + strange > 0 => complain(&format!(
            "{missing} recordings were not there and {strange} not of the size they should be: `otto verify --check \
             recordings` names them. The backup holds everything else."
        )),
        _ => ExitCode::SUCCESS,
    })
}

fn told(manifest: &Manifest) -> String {
    let rows: u64 = manifest.database.rows.values().sum();
    let recordings = match &manifest.recordings {
        RecordingsKept::Folder { copied, .. } => format!("{copied} recordings"),
        RecordingsKept::Bucket { name } => {
            format!("{} recordings listed, which stay in the bucket {name}", manifest.database.recordings)
        }
    };
    format!("{rows} rows, {recordings}, schema {}\n", manifest.schema_version)
}

/// `otto restore`.
pub async fn restore(args: RestoreArgs) -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    let bars = Bars::new(args.quiet);
    let restored = backup::restore(&settings, &args.from, &bars).await?;
    say(&format!("restored: {}", told(&restored.manifest)));
    for migration in &restored.migrated {
        say(&format!("applied {migration}\n"));
    }
    let otto = world().await?;
    let order = Order { deep: args.deep, ..Order::default() };
    let report = verify(&otto.ports, otto.inspector().as_ref(), &order, &bars).await;
    say(&verify_command::as_text(&report));
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
