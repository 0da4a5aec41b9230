//! The contract of every blob storage, on a folder whose links the real HTTP API serves; and what is a folder's alone.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod folder;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use app::{Ports, ports::BlobStore};
use auth_dev::DevAuthenticator;
use blob_fs::FsBlobs;
use http_api::{ApiSettings, ApiState, RouteTable};
use kernel::{Clock, CompanyId, Secret, UserId};
use testkit::{TestIds, World, contract::blobs::BlobBench, sqlite};
use tokio_util::sync::CancellationToken;

async fn bench() -> BlobBench {
    let folder = tempfile::tempdir().unwrap();
    let bound = http_api::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let public_url = format!("http://{}/", bound.address).parse().unwrap();
    let ids = Arc::new(TestIds::default());
    let blobs: Arc<dyn BlobStore> = Arc::new(FsBlobs::new(
        folder.path().join("blobs"),
        public_url,
        Secret::new("link-key".to_owned()),
        ids,
    ));
    let world = World::new(sqlite().await);
    let state = ApiState {
        ports: Arc::new(Ports {
            blobs: blobs.clone(),
            max_recording_bytes: 1 << 30,
            ..(*world.ports).clone()
        }),
        authenticator: Arc::new(DevAuthenticator {
            company: CompanyId::try_new("org_dev").unwrap(),
            user: UserId::try_new("user_dev").unwrap(),
        }),
        table: RouteTable::new(&[]),
        settings: ApiSettings {
            environment: "development",
            version: "0",
            allowed_origins: Vec::new(),
            max_webhook_bytes: 1000,
            webhook_patience: Duration::ZERO,
            limits: None,
            expected: app::presence::Expected { worker: false, scheduler: false },
            stand_ins: None,
        },
        stopping: CancellationToken::new(),
        metrics: Arc::new(String::new),
        home: tokio::runtime::Handle::current(),
    };
    let server = bound.run(state, Vec::new(), 1, Duration::from_secs(1)).unwrap();
    let now = world.clock.now();
    let running = tokio::spawn(server.ended);
    BlobBench { blobs, now, keep: Box::new((folder, running)) }
}

testkit::blob_contract_tests!(crate::bench);
