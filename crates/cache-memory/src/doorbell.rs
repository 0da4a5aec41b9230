use app::ports::{Bell, Doorbell};
use async_trait::async_trait;
use queue::Queue;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

/// More rings than this unheard are heard as "all of them".
const UNHEARD: usize = 256;

/// A doorbell within one process.
pub struct MemoryDoorbell(Sender<Queue>);

impl Default for MemoryDoorbell {
    fn default() -> Self {
        Self(channel(UNHEARD).0)
    }
}

#[async_trait]
impl Doorbell for MemoryDoorbell {
    fn ring(&self, queues: &[Queue]) {
        for queue in queues {
            // nobody listening: workers look by themselves when they start
            let _ = self.0.send(*queue);
        }
    }

    async fn listen(&self) -> Box<dyn Bell> {
        Box::new(MemoryBell(self.0.subscribe()))
    }
}

struct MemoryBell(Receiver<Queue>);

#[async_trait]
impl Bell for MemoryBell {
    async fn rung(&mut self) -> Vec<Queue> {
        match self.0.recv().await {
            Ok(queue) => {
                let mut queues = vec![queue];
                // what has rung meanwhile is one wake-up
                while let Ok(queue) = self.0.try_recv() {
                    if !queues.contains(&queue) {
                        queues.push(queue);
                    }
                }
                queues
            }
            Err(RecvError::Lagged(_)) => Queue::ALL.to_vec(),
            // the bell is gone: the process is ending, and only shutdown is left to wait for
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
}
