use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, SharedCredentialsProvider,
        StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use kernel::Secret;
use url::Url;

/// Who we are to the store.
#[derive(Clone, Debug)]
pub struct S3Credentials {
    /// The key's id.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: Secret,
    /// Goes with temporary keys.
    pub session_token: Option<Secret>,
}

/// How long the store may take, and how often it is asked.
#[derive(Clone, Copy, Debug)]
pub struct S3Patience {
    /// To connect.
    pub connect: Duration,
    /// To answer one request; a part of an upload must be through by then.
    pub attempt: Duration,
    /// All attempts at one request together.
    pub operation: Duration,
    /// How often one request is made at most.
    pub attempts: u32,
    /// How long bytes of an object may stop coming before reading it is given up.
    pub stall: Duration,
}

impl Default for S3Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            attempt: Duration::from_mins(1),
            operation: Duration::from_secs(150),
            attempts: 4,
            stall: Duration::from_secs(20),
        }
    }
}

/// Which bucket, and how to reach it.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Where it is; what requests are signed for.
    pub region: String,
    /// Who we are; `None` asks the SDK's own chain: profiles, web identity, the container's or the machine's role.
    pub credentials: Option<S3Credentials>,
    /// A store other than AWS.
    pub endpoint: Option<Url>,
    /// Whether the bucket is named in the path rather than in the host name.
    pub path_style: bool,
    /// The KMS key objects are encrypted with; `None` leaves the key to the store.
    pub kms_key: Option<String>,
    /// How long the store may take.
    pub patience: S3Patience,
}

impl S3Settings {
    pub(crate) async fn client(self) -> Client {
        let region = Region::new(self.region);
        let credentials = if let Some(given) = self.credentials {
            SharedCredentialsProvider::new(Credentials::new(
                given.access_key_id,
                given.secret_access_key.expose(),
                given.session_token.map(|token| token.expose().clone()),
                None,
                "settings",
            ))
        } else {
            let chain = DefaultCredentialsChain::builder().region(region.clone()).build().await;
            SharedCredentialsProvider::new(chain)
        };
        let patience = self.patience;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(patience.connect)
            .operation_attempt_timeout(patience.attempt)
            .operation_timeout(patience.operation)
            .build();
        let mut config = Config::builder();
        config.set_endpoint_url(self.endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned()));
        let config = config
            .behavior_version(BehaviorVersion::latest())
            .region(region)
            .credentials_provider(credentials)
            .force_path_style(self.path_style)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(patience.attempts))
            .stalled_stream_protection(
                StalledStreamProtectionConfig::enabled().grace_period(patience.stall).build(),
            )
            .build();
        Client::from_conf(config)
    }
}
