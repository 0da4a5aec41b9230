//! Dashboards and alerts use metrics there are, and each alert is explained.

use std::{collections::BTreeSet, fs};

use telemetry::{METRICS, names_in};

use crate::root;

const DASHBOARD: &str = "deploy/grafana/otto.json";
const ALERTS: &str = "deploy/prometheus/alerts.yaml";
const CASES: &str = "deploy/prometheus/alerts_test.yaml";

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("the file")
}

/// What a key of a YAML or JSON line is set to.
fn values<'a>(text: &'a str, key: &str) -> Vec<&'a str> {
    let set = |line: &'a str| Some(line.trim_start_matches([' ', '-', '{']).strip_prefix(key)?.trim());
    text.lines().filter_map(set).collect()
}

#[test]
fn dashboards_and_alerts_use_metrics_there_are() {
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    for path in [DASHBOARD, ALERTS, CASES] {
        let text = text(path);
        let used = names_in(&text);
        assert!(used.len() > 8, "{path}: the metrics were not found");
        let unknown: Vec<_> = used.into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?}");
    }
}

/// What is measured and shown nowhere is measured for nobody.
#[test]
fn what_is_ours_is_shown() {
    let dashboard = text(DASHBOARD);
    let shown: BTreeSet<_> = names_in(&dashboard).into_iter().collect();
    let hidden: Vec<_> = METRICS
        .iter()
        .filter(|metric| metric.seen == telemetry::Seen::Always && metric.name.starts_with("otto_"))
        .map(|metric| metric.name)
        .filter(|name| !shown.contains(name))
        .collect();
    assert!(hidden.is_empty(), "{DASHBOARD} does not show {hidden:?}");
}

#[test]
fn each_alert_is_explained_where_it_says() {
    let (alerts, operations) = (text(ALERTS), text("docs/operations.md"));
    let sections: BTreeSet<_> = values(&operations, "### ").into_iter().collect();
    let names = values(&alerts, "alert:");
    assert!(names.len() > 15, "the alerts were not found: {names:?}");
    assert_eq!(values(&alerts, "expr:").len(), names.len());
    let runbooks = values(&alerts, "runbook:");
    let expected: Vec<_> =
        names.iter().map(|name| format!("docs/operations.md#{}", name.to_lowercase())).collect();
    assert_eq!(runbooks, expected);
    for name in &names {
        assert!(sections.contains(name), "docs/operations.md has no section {name}");
    }
    let alerts: BTreeSet<_> = names.into_iter().collect();
    for section in sections.into_iter().filter(|section| section.starts_with("Otto")) {
        assert!(alerts.contains(section), "there is no alert {section}");
    }
}

/// The dashboard names no data source of somebody's, and no panel lies on another.
#[test]
fn the_dashboard_fits_any_grafana() {
    let dashboard: serde_json::Value = serde_json::from_str(&text(DASHBOARD)).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64()), "{panel}");
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{panel}");
        }
        let at = |name: &str| panel["gridPos"][name].as_u64().expect("a place");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && taken.insert((x, y)), "{panel}");
            }
        }
    }
    let variables: Vec<_> = dashboard["templating"]["list"]
        .as_array()
        .expect("variables")
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(variables, ["datasource", "instance"]);
}
