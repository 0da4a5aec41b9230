use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Call intelligence for home-service companies.
///
/// Without a command, runs everything in one process on embedded defaults: a SQLite file and recordings in ./otto-data,
/// stand-ins for CallRail and Shunya, a demo company, and gentle traffic to watch.
#[derive(Parser)]
#[command(name = "otto", version, about, long_about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Run everything in one process, on the settings of the environment, with the real providers.
    Serve,
    /// Ask a running Otto whether it is ready; exits with 1 if it is not. For health checks of containers.
    Health {
        /// What to ask, instead of /health/ready on this machine's PORT.
        #[arg(long)]
        url: Option<String>,
    },
    /// Send calls through Otto and account for every one.
    ///
    /// Starts an Otto of its own on `OTTO_DATA_DIR` and stops it again, or drives the one at --base-url, which must run in
    /// development with the stand-ins (as `otto` alone does). Prints a table; exits with 1 if a single call is
    /// unaccounted for or anything exists twice.
    Demo(DemoArgs),
    /// Bring the database up to date.
    Migrate,
    /// Look at settings.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the OpenAPI document.
    Openapi,
    /// Look at received webhooks, and try them again.
    #[command(subcommand)]
    Webhooks(WebhooksCommand),
    /// Look at jobs, and try them again or call them off.
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Look at companies, and set them up.
    #[command(subcommand)]
    Tenants(TenantsCommand),
    /// Check that all that must agree does; exits with 1 if something is wrong.
    ///
    /// Compares calls with their events, recordings with the storage, analyses with their requests, leads with their
    /// history, the timeline with what it tells of, the queue with what it is about, and dashboards with the analyses.
    /// Nothing is changed, and Otto may run meanwhile: what is younger than a quarter of an hour may still be on its way and
    /// is not looked at. Findings name rows by id and nothing of customers. docs/operations.md says of each check what it
    /// means and what to do.
    Verify(VerifyArgs),
    /// Move companies in from the database of Otto's predecessor.
    ///
    /// Takes companies (with their numbers, CallRail credentials and people), customers' cards, leads with their history, calls
    /// with transcripts and analyses, appointments, tasks and key signals. The predecessor's database, a PostgreSQL, is only
    /// read, as it is at the moment the command begins. Where to is told by `DATABASE_URL` and `OTTO_DATA_DIR`, as for
    /// everything else.
    ///
    /// What is there already stays as it is: doing it again takes only what is not there yet, and goes on where it broke off.
    /// Nobody is told of what is taken, and nothing is set to work: no job, no text, no webhook, no event anybody would take
    /// for new. Otto may run meanwhile; the predecessor should not write any more.
    ///
    /// Prints for each table how many rows were read and taken, were there already, are now part of another row (cards of one
    /// number, calls their provider told us of), and were set aside, with the reasons; nothing of customers. docs/operations.md
    /// says what each reason means. `otto verify` should be clean afterwards.
    Import(ImportArgs),
    /// Write a backup of the database and the recordings into a folder.
    ///
    /// All of one moment, while Otto runs. PostgreSQL is dumped by `pg_dump`, which must be no older than the server (from
    /// PATH, or else the newest in /usr/lib/postgresql); SQLite is copied. Recordings in a folder are brought over, as hard
    /// links where both folders are on one disk; recordings in a bucket stay there, and are listed in recordings.jsonl with
    /// size and SHA-256. manifest.json is written last: a folder without it is no backup.
    ///
    /// The folder then holds everything customers said, readable by whoever can read it. The key that opens the companies'
    /// provider credentials is not in it unless asked for: without that key a backup cannot be used.
    Backup(BackupArgs),
    /// Restore a backup into an empty database and data directory, and verify it.
    ///
    /// Where to is told by `DATABASE_URL` and `OTTO_DATA_DIR`, as for everything else; what is not empty is refused. A backup of
    /// an older version is brought up to date, one of a newer version is refused. Counts every table's rows, and then makes
    /// all checks of `otto verify`; exits with 1 if something is wrong.
    ///
    /// The Otto the backup was made of must not run any more, or go on running alone: two that have the same jobs would do
    /// them twice.
    Restore(RestoreArgs),
}

/// `otto import`.
#[derive(Args)]
pub struct ImportArgs {
    /// The predecessor's database, as `postgres://user:password@host/name`. Better told by `OTTO_IMPORT_FROM`: then the password
    /// is in no list of processes and no shell history.
    #[arg(long, value_name = "URL")]
    pub from: Option<String>,
    /// Move this company only.
    #[arg(long, value_name = "ID")]
    pub company: Option<String>,
    /// Do all of it and undo it again. A company's is one transaction then; on SQLite nobody else can write meanwhile.
    #[arg(long)]
    pub dry_run: bool,
    /// As one JSON object, each company's numbers included.
    #[arg(long)]
    pub json: bool,
    /// No progress bars. There are none either where the output is not a terminal.
    #[arg(long)]
    pub quiet: bool,
}

/// `otto backup`.
#[derive(Args)]
pub struct BackupArgs {
    /// The folder to write to. It must be empty, or not there yet.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// Put encryption.key into the backup too. Whoever has the folder then has everything.
    #[arg(long)]
    pub with_key: bool,
    /// No progress bars. There are none either where the output is not a terminal.
    #[arg(long)]
    pub quiet: bool,
}

/// `otto restore`.
#[derive(Args)]
pub struct RestoreArgs {
    /// The folder of the backup.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Compare the contents of recordings and webhooks too. Takes as long as reading them.
    #[arg(long)]
    pub deep: bool,
    /// No progress bars. There are none either where the output is not a terminal.
    #[arg(long)]
    pub quiet: bool,
}

/// `otto verify`.
#[derive(Args)]
pub struct VerifyArgs {
    /// Look at the rows of this company only.
    #[arg(long)]
    pub company: Option<String>,
    /// Read every recording and every webhook to its end too, and compare what they hold. Takes as long as reading them.
    #[arg(long)]
    pub deep: bool,
    /// Make only checks whose name begins so, such as `leads` or `calls.stage`. May be given several times.
    #[arg(long = "check", value_name = "NAME")]
    pub checks: Vec<String>,
    /// Name at most so many findings of each check. All of them are counted.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pub examples: u64,
    /// As one JSON object.
    #[arg(long)]
    pub json: bool,
    /// No progress bars. There are none either where the output is not a terminal.
    #[arg(long)]
    pub quiet: bool,
}

/// How often providers fail.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FaultLevel {
    /// Never.
    None,
    /// Each way of failing in one case of twenty.
    Light,
    /// Each way of failing in about one case of four or five.
    Heavy,
}

/// `otto demo`.
#[derive(Args)]
pub struct DemoArgs {
    /// How many calls.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub calls: u64,
    /// How often providers fail.
    #[arg(long, value_enum, default_value = "none")]
    pub faults: FaultLevel,
    /// Decides whatever is left to chance.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many calls at a time.
    #[arg(long, default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub at_once: u64,
    /// How fast providers are: 1 is their own pace, 0.1 ten times that.
    #[arg(long, default_value_t = 0.1, value_parser = pace)]
    pub pace: f64,
    /// Drive the Otto at this address instead of one of our own.
    #[arg(long)]
    pub base_url: Option<String>,
    /// Give up when nothing has moved for so many seconds.
    #[arg(long, default_value_t = 240)]
    pub patience: u64,
    /// No progress bars.
    #[arg(long)]
    pub quiet: bool,
}

/// `otto config`.
#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Print the settings in force, secrets hidden, or everything that is wrong with them.
    Check,
    /// Print .env.example.
    Example,
}

/// Part of a list, newest first.
#[derive(Args)]
pub struct PageArgs {
    /// Of this company.
    #[arg(long)]
    pub company: Option<String>,
    /// Older than this one.
    #[arg(long)]
    pub before: Option<String>,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
    pub limit: i64,
    /// As JSON, one line each.
    #[arg(long)]
    pub json: bool,
}

/// `otto webhooks`.
#[derive(Subcommand)]
pub enum WebhooksCommand {
    /// List them, newest first.
    List {
        /// received, applied, waiting, quarantined or ignored.
        #[arg(long)]
        state: Option<String>,
        /// callrail, twilio or shunya.
        #[arg(long)]
        provider: Option<String>,
        /// How much of them, and how.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one with its body. The body is what a provider sent, customers' numbers included.
    Show {
        /// Its id.
        id: String,
    },
    /// Try one again, or all that are quarantined, after what stood in the way was mended.
    Replay {
        /// Its id.
        #[arg(required_unless_present = "quarantined", conflicts_with = "quarantined")]
        id: Option<String>,
        /// All that are quarantined.
        #[arg(long)]
        quarantined: bool,
    },
}

/// `otto jobs`.
#[derive(Subcommand)]
pub enum JobsCommand {
    /// List them, newest first.
    List {
        /// ready, running, done, dead or cancelled.
        #[arg(long)]
        state: Option<String>,
        /// default, asr, analysis, followups, indexing, uwc or shunya.
        #[arg(long)]
        queue: Option<String>,
        /// Such as recording.fetch.
        #[arg(long)]
        kind: Option<String>,
        /// How much of them, and how.
        #[command(flatten)]
        page: PageArgs,
    },
    /// Show one with what it is to do and what went wrong last.
    Show {
        /// Its id.
        id: String,
    },
    /// Try one again that was given up or called off, or all that were given up.
    ///
    /// A job tried again gets all its attempts, and what it was about is open again with it: a recording given up on is to
    /// be copied again, and a request to Shunya that has failed is submitted again (`shunya.submit`, under a number of its
    /// own, so that Shunya does not take it for a repetition) or asked after again (`shunya.poll`). What has an outcome by
    /// now keeps it. Mend what stood in the way first.
    Retry {
        /// Its id, as `otto jobs list` prints it.
        #[arg(required_unless_present = "dead", conflicts_with = "dead")]
        id: Option<String>,
        /// All that were given up.
        #[arg(long)]
        dead: bool,
    },
    /// Call one off, and with it what it was to do.
    ///
    /// The call whose recording was to be copied or analysed has failed with the code `cancelled` from then on, and nothing
    /// sets it on its way again but `otto jobs retry`. A job that runs at this moment stops at its next heartbeat and
    /// stores nothing any more. A webhook whose application is called off is set aside as ignored; `otto webhooks replay`
    /// takes it up again.
    Cancel {
        /// Its id, as `otto jobs list` prints it.
        id: String,
    },
    /// How many wait, run and were given up, by queue.
    Stats {
        /// As JSON, one line each.
        #[arg(long)]
        json: bool,
    },
}

/// `otto tenants`.
#[derive(Subcommand)]
pub enum TenantsCommand {
    /// List them.
    List,
    /// Seal all their secrets anew with the newest key of `OTTO_ENCRYPTION_KEY`, so that the older ones can be dropped.
    Reseal,
    /// Make a company, or add to one. Secrets are read from the environment: `OTTO_TENANT_SIGNING_KEY` and
    /// `OTTO_TENANT_API_KEY`, so that they are in no list of processes and no shell history.
    Set {
        /// The identity provider's organisation id.
        #[arg(long)]
        id: String,
        /// As shown.
        #[arg(long)]
        name: String,
        /// Its IANA time zone, such as America/Phoenix. Where it is left out it stays what it is: UTC for a new company.
        #[arg(long)]
        time_zone: Option<String>,
        /// CallRail's names for it: COM… and the numeric one.
        #[arg(long = "callrail-company")]
        callrail_companies: Vec<String>,
        /// A number its customers call.
        #[arg(long = "tracking-number")]
        tracking_numbers: Vec<String>,
        /// CallRail's account, where it has one of its own.
        #[arg(long)]
        callrail_account: Option<String>,
        /// A person, as id:role.
        #[arg(long = "user")]
        users: Vec<String>,
        /// Secrets it has already may be replaced by others. Its webhooks are refused until CallRail signs with the new key.
        #[arg(long)]
        replace_secrets: bool,
    },
}

fn pace(text: &str) -> Result<f64, String> {
    let pace: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if (0.001..=100.0).contains(&pace) { Ok(pace) } else { Err("it goes from 0.001 to 100".to_owned()) }
}
