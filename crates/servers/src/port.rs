use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// Below the ports connections are made from.
const FIRST: u16 = 20_000;
/// So many of them.
const COUNT: u16 = 12_000;
/// So many are tried by one process before it gets to another's.
const EACH: u16 = 40;

/// A port of the loopback interface nobody listens on, below those that connections are made from: a program that is
/// started again on it must not find it taken by somebody's connection.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % u32::from(COUNT / EACH)).unwrap_or_default();
    loop {
        let port = FIRST + (process * EACH + NEXT.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
