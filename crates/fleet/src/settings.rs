use std::path::PathBuf;

use simulators::SimulatorSettings;

use crate::FleetError;

/// What a fleet is to be. `Default` is two of each, on a calm day at the providers' own pace.
#[derive(Clone, Debug)]
pub struct FleetSettings {
    /// Where Otto's programs are.
    pub programs: PathBuf,
    /// Where logs are kept; made if it is not there.
    pub logs: PathBuf,
    /// How many otto-server.
    pub servers: usize,
    /// How many otto-worker.
    pub workers: usize,
    /// How many otto-cron.
    pub crons: usize,
    /// Where the balancer listens; 0 is any free port.
    pub port: u16,
    /// How the stand-ins for the providers are.
    pub stand_ins: SimulatorSettings,
    /// Settings of Otto's programs that differ from the fleet's own: name and value.
    pub settings: Vec<(String, String)>,
    /// Whether Redis runs when the programs start.
    pub redis_is_there: bool,
    /// Otto's programs do not hear the terminal's Ctrl-C: whoever has the fleet stops them in order.
    pub hears_no_terminal: bool,
}

impl FleetSettings {
    /// Two of each.
    pub fn new(programs: PathBuf, logs: PathBuf) -> Self {
        Self {
            programs,
            logs,
            servers: 2,
            workers: 2,
            crons: 2,
            port: 0,
            stand_ins: SimulatorSettings::default(),
            settings: Vec::new(),
            redis_is_there: true,
            hears_no_terminal: false,
        }
    }

    /// With another value for one of Otto's settings.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A program's path.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf, FleetError> {
        let path = self.programs.join(name);
        if path.is_file() { Ok(path) } else { Err(FleetError::NotBuilt(path)) }
    }
}

/// The folder our own program was built into, where its sisters are.
pub fn programs_beside_us() -> Result<PathBuf, FleetError> {
    let ours = std::env::current_exe().map_err(FleetError::when("find our own program"))?;
    let folder = ours.parent().map(std::path::Path::to_owned).unwrap_or_default();
    // tests are one folder further down
    Ok(if folder.ends_with("deps") { folder.parent().map(Into::into).unwrap_or(folder) } else { folder })
}
