//! Work that goes on while nobody waits for it.

use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Where such work runs: in the runtime the stand-ins were started in, until they are stopped.
#[derive(Clone, Debug)]
pub(crate) struct Background {
    runtime: Handle,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Background {
    /// In the present runtime.
    pub(crate) fn here() -> Self {
        Self { runtime: Handle::current(), tasks: TaskTracker::new(), stop: CancellationToken::new() }
    }

    /// Starts something. Stopped, it simply ends where it is, as in a process that is killed.
    pub(crate) fn start(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        let work = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        };
        self.tasks.spawn_on(work, &self.runtime);
    }

    /// Ends everything, without waiting.
    pub(crate) fn end(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    /// Ends everything and waits for it.
    pub(crate) async fn stop(&self) {
        self.end();
        self.tasks.wait().await;
    }
}
