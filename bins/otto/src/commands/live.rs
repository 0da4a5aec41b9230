use std::process::ExitCode;

use simulators::{Faults, GENTLE};
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use wiring::{Parts, start};

use super::{
    Failure, asked_to_stop,
    embedded::{StandIns, set_up_tenants, start_stand_ins},
    observe, settings_of,
};
use crate::output::say;

/// `otto` alone.
pub async fn run() -> Result<ExitCode, Failure> {
    let wanted = StandIns { seed: 1, pace: 1.0, faults: Faults::LIGHT };
    let (simulators, defaults) = start_stand_ins(&wanted)?;
    let settings = settings_of(defaults)?;
    // what people watch is the console; what goes wrong is part of the show and not of the terminal
    let level = if std::env::var_os("LOG_LEVEL").is_some() { &settings.observe.log_level } else { "error" }
        .to_owned();
    let observing = observe(&settings, &level, &Parts::all())?;
    let (data_dir, host) = (settings.data_dir.clone(), settings.http.host);
    let user = settings.dev_mode.as_ref().map(|dev| dev.user.clone());
    let parts = Parts::wanted(&settings);
    let running = start(settings, parts, observing.measured().writer()).await?;
    if let Some(user) = user {
        set_up_tenants(&running.otto, &user).await?;
    }
    let url = running.public_url.as_str().trim_end_matches('/').to_owned();
    simulators.set_otto_url(&url);
    let beyond = if host.is_loopback() {
        ""
    } else {
        "  Whoever reaches this machine is taken for a manager: HOST is not 127.0.0.1.\n\n"
    };
    say(&format!(
        "\n  Otto {version} runs, with stand-ins for CallRail and Shunya and a call every few seconds.\n\n\
         \x20   {url}/console   watch calls become leads, appointments, tasks and signals\n\
         \x20   {url}/docs      the API; you are signed in as a manager of a demo company\n\
         \x20   {data}{pad}everything it keeps; delete it to begin again\n\n\
         {beyond}\x20 Ctrl-C stops it; nothing is lost.\n\n",
        version = env!("CARGO_PKG_VERSION"),
        data = data_dir.display(),
        pad = "   ",
    ));
    let stop = CancellationToken::new();
    let (reports, mut made) = unbounded_channel();
    let traffic = simulators.traffic(demo::companies());
    let until = stop.clone();
    let calling = tokio::spawn(async move { traffic.keep_making(GENTLE, &until, &reports).await });
    let unheard = tokio::spawn(async move { while made.recv().await.is_some() {} });

    let broke = tokio::select! {
        stopped = asked_to_stop() => { stopped?; false }
        () = running.ended() => true,
    };
    say("\n  stopping\n");
    stop.cancel();
    calling.abort();
    unheard.abort();
    running.stop().await;
    simulators.stop().await;
    observing.stop().await;
    Ok(if broke { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
