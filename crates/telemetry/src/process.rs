//! What the operating system says of this process, under the names every Prometheus client uses.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

/// Ticks of the kernel's clock a second, as it tells them to programs.
const TICKS: u64 = 100;

/// Says since when the process runs.
#[expect(
    clippy::disallowed_methods,
    reason = "the operating system's own time of the process, not the product's"
)]
pub(crate) fn started() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    metrics::gauge!("process_start_time_seconds").set(now.as_secs_f64());
}

/// Looks. Where there is no `/proc` nothing is said.
pub(crate) fn measure() {
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let kilobytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().split(' ').next()?.parse::<f64>().ok()
        };
        for (name, metric) in
            [("VmRSS", "process_resident_memory_bytes"), ("VmSize", "process_virtual_memory_bytes")]
        {
            if let Some(size) = kilobytes(name) {
                metrics::gauge!(metric).set(size * 1024.0);
            }
        }
        if let Some(threads) = kilobytes("Threads") {
            metrics::gauge!("process_threads").set(threads);
        }
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        metrics::gauge!("process_open_fds").set(open.count() as f64);
    }
    if let Some(ticks) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(cpu_ticks) {
        metrics::counter!("process_cpu_seconds_total").absolute(ticks / TICKS);
    }
}

/// User's and system's time. The name before it, in parentheses, may hold anything.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let user: u64 = fields.get(11)?.parse().ok()?;
    let system: u64 = fields.get(12)?.parse().ok()?;
    Some(user + system)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_read_whatever_the_process_is_called() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 2512 0 0 0 150 50 0 0 20 0 8 0 12345 1 2";
        assert_eq!(cpu_ticks(stat), Some(200));
    }
}
