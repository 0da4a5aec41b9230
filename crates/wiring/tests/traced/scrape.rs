//! What is measured.

use std::{collections::BTreeSet, time::Duration};

use reqwest::Client;
use simulators::{SimulatedTenant, SimulatorSettings};
use telemetry::{METRICS, Observing, Seen, names_in};
use tokio::time::{Instant, sleep};
use wiring::Parts;

use crate::house::House;

/// Far longer than anything here takes.
const GUARD: Duration = Duration::from_mins(1);

/// A running Otto's metrics are those of the list, under their labels and no others: what dashboards and alerts may use.
pub async fn every_metric_is_there_and_no_other(observing: &Observing) {
    let redis = servers::RedisServer::started().await.expect("a Redis");
    let stand_ins = SimulatorSettings { time_scale: 0.01, ..SimulatorSettings::default() };
    let tenant = SimulatedTenant::demo(1).remove(0);
    let url = redis.url();
    let settings = [("REDIS_URL", url.as_str())];
    let metrics = observing.measured().writer();
    let house =
        House::furnished(testkit::postgres().await, stand_ins, Parts::all(), tenant, &settings, metrics)
            .await;
    house.call("roofing-storm-leak-booked", 5).await;
    house.analysed(1).await;
    house.read("/api/v1/dashboard/metrics").await;
    assert_eq!(house.callrail_signed("call.completed", b"{}", "bm8=").await, 401);

    let http = Client::builder().no_proxy().build().unwrap();
    let scraped = async || {
        let answer = http.get(house.at("/metrics")).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    let missing = |text: &str| {
        let there: BTreeSet<_> = names_in(text).into_iter().map(str::to_owned).collect();
        METRICS
            .iter()
            .filter(|metric| metric.seen == Seen::Always && !there.contains(metric.name))
            .map(|metric| metric.name)
            .collect::<Vec<_>>()
    };
    // what waits is counted every few seconds
    let deadline = Instant::now() + GUARD;
    let mut text = scraped().await;
    while !missing(&text).is_empty() {
        assert!(Instant::now() < deadline, "{:?} are not there:\n{text}", missing(&text));
        sleep(Duration::from_millis(200)).await;
        text = scraped().await;
    }
    for name in names_in(&text) {
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name} is not in the list");
    }
    let series: Vec<_> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    for metric in METRICS {
        let of_metric = |line: &&&str| names_in(line.split(['{', ' ']).next().unwrap()) == [metric.name];
        for line in series.iter().filter(of_metric) {
            let inside = line
                .split_once('{')
                .and_then(|(_, rest)| rest.split_once('}'))
                .map_or("", |(inside, _)| inside);
            let labels: BTreeSet<_> = inside
                .split("\",")
                .filter_map(|pair| Some(pair.split_once('=')?.0.trim()))
                .filter(|label| *label != "le")
                .collect();
            assert_eq!(labels, metric.labels.iter().copied().collect(), "{line}");
        }
    }
    let value = |beginning: &str| -> f64 {
        let line = series.iter().find(|line| line.starts_with(beginning));
        let line = line.unwrap_or_else(|| panic!("no {beginning}:\n{text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("otto_parts_alive{role=\"worker\"}") >= 1.0);
    assert!(value("otto_queue_workers{queue=\"shunya\"}") >= 1.0);
    assert!(value("otto_webhooks_refused_total{provider=\"callrail\",reason=\"mismatch\"}") >= 1.0);
    assert!(value("otto_redis_up") > 0.0);
    assert!(value("process_resident_memory_bytes") > 1_000_000.0);
    // numbers, names and secrets are no labels
    for word in [house.tenant.company_id.as_str(), house.tenant.signing_key.expose(), "+1210"] {
        assert!(!text.contains(word), "{word}");
    }
    house.close().await;
}
