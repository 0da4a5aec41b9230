//! All stand-ins together.

use std::{io, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{
    background::Background,
    callrail::{CallOrder, CallSender, Callrail, CallrailSettings, CallrailStats, SendError, SentCall},
    control::{Control, ScriptedAnswer, SeenRequest},
    faults::Faults,
    server::{self, Running},
    settings::{SimulatedTenant, SimulatorSecrets, SimulatorSettings},
    shunya::{Shunya, ShunyaSecrets, ShunyaStats},
    sim::Sim,
    traffic::Traffic,
    twilio::{Twilio, TwilioStats},
};

/// How long the stand-ins wait for Otto, or for an audio file, to answer. Real seconds: a machine under load is not a
/// server that is down.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why the stand-ins cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no runtime to start them in.
    #[error("the simulators must be started inside a Tokio runtime")]
    NoRuntime,
    /// A port cannot be listened on.
    #[error("port {port} of the loopback interface cannot be listened on")]
    Bind {
        /// Which; 0 is any.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The state folder cannot be read or written.
    #[error("the simulators' state cannot be read or written")]
    State(#[source] io::Error),
    /// No HTTP client can be made.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

/// Which stand-in is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum StandIn {
    Shunya,
    Callrail,
    Twilio,
}

/// Counts of all stand-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct SimulatorStats {
    pub shunya: ShunyaStats,
    pub callrail: CallrailStats,
    pub twilio: TwilioStats,
}

/// The running stand-ins. Dropping them, or the runtime they were started in, ends them at once, as if their processes
/// were killed; what is to survive that is in the state folder, where one is set.
pub struct Simulators {
    sim: Sim,
    secrets: SimulatorSecrets,
    shunya_url: String,
    callrail_url: String,
    twilio_url: String,
    shunya: Arc<Shunya>,
    callrail: Arc<Callrail>,
    twilio: Arc<Twilio>,
    otto: watch::Sender<Option<String>>,
    changes: watch::Receiver<u64>,
    background: Background,
    servers: Vec<Running>,
}

/// Starts every stand-in in the present Tokio runtime, whether that has one thread or many.
pub fn start(settings: SimulatorSettings) -> Result<Simulators, StartError> {
    tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
    let SimulatorSettings { seed, time_scale, faults, quirks, secrets, .. } = settings;
    let sim = Sim::new(seed, time_scale);
    let background = Background::here();
    // all of it happens on this machine, whatever proxy its environment names
    let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build();
    let http = client.map_err(StartError::Client)?;
    let (otto, otto_url) = watch::channel(settings.otto_url);
    let (bell, changes) = watch::channel(0);
    let control = || Arc::new(Control::new(sim.with_own_clock(), faults, bell.clone()));
    let state = settings.state_dir.as_deref();
    let ports = settings.ports;
    let (shunya_port, callrail_port, twilio_port) =
        (server::bind(ports.shunya)?, server::bind(ports.callrail)?, server::bind(ports.twilio)?);

    let shunya_secrets = ShunyaSecrets {
        api_key: secrets.shunya_api_key.clone(),
        jwt_secret: secrets.shunya_jwt_secret.clone(),
        hmac_secret: secrets.shunya_hmac_secret.clone(),
    };
    let outside = (http.clone(), otto_url.clone(), background.clone());
    let shunya = Shunya::open(control(), shunya_secrets, quirks, state, outside)?;
    let callrail_settings = CallrailSettings {
        account_id: secrets.callrail_account_id.clone(),
        api_key: secrets.callrail_api_key.clone(),
        seed,
        unrecorded: settings.unrecorded,
        late_recordings: settings.late_recordings,
        base_url: callrail_port.base_url.clone(),
    };
    let callrail = Callrail::open(control(), callrail_settings, state, http, otto_url)?;
    let (account, token) = (secrets.twilio_account_sid.clone(), secrets.twilio_auth_token.clone());
    let twilio = Twilio::open(control(), account, token, state)?;

    let urls = [&shunya_port, &callrail_port, &twilio_port].map(|bound| bound.base_url.clone());
    let servers =
        vec![shunya.serve(shunya_port)?, callrail.serve(callrail_port)?, twilio.serve(twilio_port)?];
    let [shunya_url, callrail_url, twilio_url] = urls;
    tracing::info!(shunya_url, callrail_url, twilio_url, seed, "simulated providers are up");
    Ok(Simulators {
        sim,
        secrets,
        shunya_url,
        callrail_url: format!("{callrail_url}/v3"),
        twilio_url,
        shunya,
        callrail,
        twilio,
        otto,
        changes,
        background,
        servers,
    })
}

impl Simulators {
    /// What Otto calls Shunya's base URL (`UWC_BASE_URL`).
    pub fn shunya_url(&self) -> &str {
        &self.shunya_url
    }

    /// What Otto calls CallRail's base URL (`CALLRAIL_BASE_URL`), `/v3` included.
    pub fn callrail_url(&self) -> &str {
        &self.callrail_url
    }

    /// What Otto calls Twilio's base URL (`TWILIO_API_BASE_URL`).
    pub fn twilio_url(&self) -> &str {
        &self.twilio_url
    }

    /// The base of a stand-in's control API; `/requests` and so on come behind it.
    pub fn control_url(&self, of: StandIn) -> String {
        let base = match of {
            StandIn::Shunya => self.shunya_url.as_str(),
            StandIn::Callrail => self.callrail_url.trim_end_matches("/v3"),
            StandIn::Twilio => self.twilio_url.as_str(),
        };
        format!("{base}/_control")
    }

    /// Keys and accounts.
    pub fn secrets(&self) -> &SimulatorSecrets {
        &self.secrets
    }

    /// The environment in which Otto finds the stand-ins and is let in, by the names its operators use.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let secrets = &self.secrets;
        let mut all = vec![
            ("UWC_BASE_URL", self.shunya_url.clone()),
            ("UWC_API_KEY", secrets.shunya_api_key.expose().clone()),
            ("UWC_HMAC_SECRET", secrets.shunya_hmac_secret.expose().clone()),
            ("CALLRAIL_BASE_URL", self.callrail_url.clone()),
            ("CALLRAIL_ACCOUNT_ID", secrets.callrail_account_id.clone()),
            ("CALLRAIL_API_KEY", secrets.callrail_api_key.expose().clone()),
            ("TWILIO_API_BASE_URL", self.twilio_url.clone()),
            ("TWILIO_ACCOUNT_SID", secrets.twilio_account_sid.clone()),
            ("TWILIO_AUTH_TOKEN", secrets.twilio_auth_token.expose().clone()),
        ];
        // stand-ins have no limits to be kept
        let limits = [
            "OTTO_CALLRAIL_REQUESTS_PER_HOUR",
            "OTTO_CALLRAIL_REQUESTS_PER_DAY",
            "OTTO_SHUNYA_SUBMISSIONS_PER_MINUTE",
            "OTTO_SHUNYA_LOOKS_PER_MINUTE",
        ];
        all.extend(limits.map(|name| (name, "0".to_owned())));
        all.extend(
            secrets.shunya_jwt_secret.iter().map(|secret| ("UWC_JWT_SECRET", secret.expose().clone())),
        );
        all
    }

    /// Says where Otto is, or where it is now.
    pub fn set_otto_url(&self, url: &str) {
        self.otto.send_replace(Some(url.to_owned()));
    }

    /// Changes what goes wrong, at all stand-ins.
    pub fn set_faults(&self, faults: Faults) {
        for of in [StandIn::Shunya, StandIn::Callrail, StandIn::Twilio] {
            self.set_faults_of(of, faults);
        }
    }

    /// Changes what goes wrong at one of them.
    pub fn set_faults_of(&self, of: StandIn, faults: Faults) {
        self.control(of).desk.set(faults);
    }

    /// Lays down answers to the next requests one of them gets.
    pub fn script(&self, of: StandIn, answer: ScriptedAnswer) {
        self.control(of).scripts.add(answer);
    }

    /// Takes back the answers laid down for one of them that were not given yet.
    pub fn clear_scripts(&self, of: StandIn) {
        self.control(of).scripts.clear();
    }

    /// The requests one of them got after number `since`.
    pub fn requests(&self, of: StandIn, since: u64) -> Vec<SeenRequest> {
        self.control(of).seen_since(since)
    }

    /// Puts the clock of one of them forward: links expire.
    pub fn advance(&self, of: StandIn, by: Duration) {
        self.control(of).sim.advance(by);
    }

    /// Makes a recording of a conversation available under a CallRail call's id, as one of the first demo company's.
    /// `false` if there is no such conversation, or nothing is said in it.
    pub fn register_recording(&self, call_id: &str, conversation: &str) -> bool {
        self.callrail.register(call_id, conversation, None)
    }

    /// The same for a Twilio recording's id (`RE…`).
    pub fn register_twilio_recording(&self, recording_sid: &str, conversation: &str) -> bool {
        self.twilio.register(recording_sid, conversation)
    }

    /// Makes calls. Works for as long as the stand-ins do.
    pub fn sender(&self) -> CallSender {
        CallSender::new(Arc::clone(&self.callrail))
    }

    /// Makes one call, from the first ring to the last webhook about it.
    pub async fn send_call(&self, order: &CallOrder) -> Result<SentCall, SendError> {
        self.sender().send(order).await
    }

    /// Customers of these companies.
    pub fn traffic(&self, tenants: Vec<SimulatedTenant>) -> Traffic {
        Traffic::new(self.sender(), tenants, self.sim.clone())
    }

    /// How much has happened.
    pub fn stats(&self) -> SimulatorStats {
        SimulatorStats {
            shunya: self.shunya.stats(),
            callrail: self.callrail.stats(),
            twilio: self.twilio.stats(),
        }
    }

    /// Waits until the counts are as wished, looking again whenever anything happened.
    pub async fn wait_for(&self, wished: impl Fn(&SimulatorStats) -> bool) {
        let mut changes = self.changes.clone();
        while !wished(&self.stats()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends everything and frees the ports.
    pub async fn stop(mut self) {
        self.background.stop().await;
        for server in std::mem::take(&mut self.servers) {
            server.stop().await;
        }
    }

    fn control(&self, of: StandIn) -> &Control {
        match of {
            StandIn::Shunya => &self.shunya.control,
            StandIn::Callrail => &self.callrail.control,
            StandIn::Twilio => &self.twilio.control,
        }
    }
}

impl Drop for Simulators {
    fn drop(&mut self) {
        self.background.end();
    }
}
