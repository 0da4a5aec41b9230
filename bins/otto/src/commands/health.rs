use std::{collections::BTreeMap, process::ExitCode, time::Duration};

use demo::answers;

use super::{Failure, settings_of};
use crate::output::{complain, say};

/// `otto health`: for container health checks, where there is no other client.
pub async fn run(url: Option<String>) -> Result<ExitCode, Failure> {
    let url = if let Some(url) = url {
        url
    } else {
        let settings = settings_of(BTreeMap::new())?;
        format!("http://127.0.0.1:{}/health/ready", settings.http.port)
    };
    Ok(match answers(&url, Duration::from_secs(5)).await? {
        status if (200..300).contains(&status) => {
            say("ready\n");
            ExitCode::SUCCESS
        }
        status => complain(&format!("{url} answered {status}")),
    })
}
