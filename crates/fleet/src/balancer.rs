//! A balancer of TCP connections: round robin, and the next server where one refuses. It never sends anything twice: what
//! was on its way to a server that dies is lost, as it would be elsewhere.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
    time::timeout,
};

/// A server on this machine that does not take a connection by then is taken for one that refuses.
const PATIENCE: Duration = Duration::from_secs(1);

type Servers = Arc<RwLock<Vec<SocketAddr>>>;

/// A balancer that runs until it is dropped.
pub struct Balancer {
    /// Where it listens.
    pub address: SocketAddr,
    servers: Servers,
    balancing: JoinHandle<()>,
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.balancing.abort();
    }
}

impl Balancer {
    /// Listens on a port of the loopback interface.
    pub async fn start(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let servers = Servers::default();
        let balancing = tokio::spawn(balance(listener, servers.clone()));
        Ok(Self { address, servers, balancing })
    }

    /// Where the servers are, from now on.
    pub fn set_servers(&self, servers: Vec<SocketAddr>) {
        *self.servers.write().unwrap_or_else(PoisonError::into_inner) = servers;
    }
}

async fn balance(listener: TcpListener, servers: Servers) {
    // dropped with us, and every connection with it
    let mut connections = JoinSet::new();
    let mut turn = 0_usize;
    loop {
        // an error is that of one connection, or means too many of them: others may end meanwhile
        let Ok((client, _)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let mut order = servers.read().unwrap_or_else(PoisonError::into_inner).clone();
        let first = turn.checked_rem(order.len()).unwrap_or_default();
        order.rotate_left(first);
        turn = turn.wrapping_add(1);
        connections.spawn(carry(client, order));
    }
}

/// Connects a client with the first server that takes it; closes the connection where none does.
async fn carry(mut client: TcpStream, servers: Vec<SocketAddr>) {
    for address in servers {
        if let Ok(Ok(mut server)) = timeout(PATIENCE, TcpStream::connect(address)).await {
            let _ = (client.set_nodelay(true), server.set_nodelay(true));
            let _ = copy_bidirectional(&mut client, &mut server).await;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A server that says its name and waits for a word before it ends.
    async fn named(name: &'static [u8]) -> (SocketAddr, JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                socket.write_all(name).await.unwrap();
            }
        });
        (address, serving)
    }

    async fn who_answers(balancer: &Balancer) -> String {
        let mut socket = TcpStream::connect(balancer.address).await.unwrap();
        let mut said = String::new();
        socket.read_to_string(&mut said).await.unwrap();
        said
    }

    #[tokio::test]
    async fn servers_take_turns_and_those_that_refuse_are_passed_over() {
        let balancer = Balancer::start(0).await.unwrap();
        assert_eq!(who_answers(&balancer).await, "", "nobody is there: the connection is closed");
        let ((one, serving), (other, _other)) = (named(b"one").await, named(b"other").await);
        balancer.set_servers(vec![one, other]);
        let mut heard = Vec::new();
        for _ in 0..4 {
            heard.push(who_answers(&balancer).await);
        }
        heard.sort();
        assert_eq!(heard, ["one", "one", "other", "other"]);
        serving.abort();
        let _ = serving.await;
        for _ in 0..4 {
            assert_eq!(who_answers(&balancer).await, "other");
        }
    }
}
