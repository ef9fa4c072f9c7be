//! The alert rules against what is really exported: every series and label they name
//! is in the catalogue, every alert has its page. Where promtool is installed it also
//! judges the rules, their own tests, and the text of a whole scrape.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_yaml::Value;
use tollgate::clock::SystemClock;
use tollgate::telemetry::catalog::{self, Described};
use tollgate::telemetry::reason::{OF_UPSTREAMS, OTHERS};
use tollgate::telemetry::{Exchange, Layout, Telemetry};

/// Labels that Prometheus and its own `up` add.
const FOREIGN_LABELS: [&str; 3] = ["instance", "job", "le"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

struct Alert {
    name: String,
    expr: String,
    page: String,
}

fn alerts() -> Vec<Alert> {
    let text = std::fs::read_to_string(root().join("deploy/prometheus/tollgate.rules.yaml")).expect("the rules");
    let rules: Value = serde_yaml::from_str(&text).expect("YAML");
    let list = rules["groups"][0]["rules"].as_sequence().expect("a list of rules");
    let word = |value: &Value| value.as_str().expect("a string").to_owned();
    let alert = |rule: &Value| Alert {
        name: word(&rule["alert"]),
        expr: word(&rule["expr"]),
        page: word(&rule["annotations"]["runbook_url"]),
    };
    list.iter().map(alert).collect()
}

/// Names that begin with `tollgate_`, each with the labels between its braces.
fn series(expr: &str) -> Vec<(&str, Vec<&str>)> {
    let name_end = |text: &str| text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    expr.match_indices("tollgate_")
        .map(|(at, _)| {
            let (name, rest) = expr[at..].split_at(name_end(&expr[at..]));
            let inside = rest.strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or("");
            let labels =
                inside.split(',').filter(|pair| !pair.is_empty()).map(|pair| &pair[..name_end(pair)]).collect();
            (name, labels)
        })
        .collect()
}

fn described(name: &str) -> Option<&'static Described> {
    let plain = ["_bucket", "_count", "_sum"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    catalog::ALL.iter().find(|metric| metric.name == plain)
}

#[test]
fn alerts_speak_only_of_what_is_exported() {
    let alerts = alerts();
    assert!(alerts.len() >= 14, "{} alerts", alerts.len());
    for alert in &alerts {
        for (name, labels) in series(&alert.expr) {
            let metric = described(name).unwrap_or_else(|| panic!("{}: no metric `{name}`", alert.name));
            for label in labels {
                let known = metric.labels.contains(&label) || FOREIGN_LABELS.contains(&label);
                assert!(known, "{}: `{name}` has no label `{label}`", alert.name);
            }
        }
    }
}

#[test]
fn every_alert_has_its_section() {
    let page = std::fs::read_to_string(root().join("deploy/docs/alerts.md")).expect("the page");
    let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let names: Vec<String> = alerts().iter().map(|alert| alert.name.clone()).collect();
    assert_eq!(sections, names, "one section each, in the order of the rules");
    for alert in alerts() {
        assert_eq!(alert.page, format!("deploy/docs/alerts.md#{}", alert.name.to_lowercase()));
    }
}

#[test]
fn every_reason_has_its_line_on_a_page() {
    let read = |page: &str| std::fs::read_to_string(root().join("deploy/docs").join(page)).expect("the page");
    let (logs, upstreams) = (read("logs.md"), read("upstreams.md"));
    let named = |page: &str, word: &str| {
        let front = |end: usize| page.contains(&format!("`{}_…`", &word[..end]));
        let back = |at: usize| page.contains(&format!("`{}`", &word[at..]));
        page.contains(&format!("`{word}`")) || word.match_indices('_').any(|(at, _)| front(at) || back(at))
    };
    for word in OTHERS.iter().filter(|word| **word != "other") {
        assert!(named(&logs, word), "logs.md does not speak of {word}");
    }
    for word in OF_UPSTREAMS {
        assert!(named(&upstreams, word) || named(&logs, word), "upstreams.md does not speak of {word}");
    }
}

/// Every query of the dashboard.
fn queries(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" || name == "query" => found.push(text.to_owned()),
                    Some(_) | None => queries(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => {}
    }
}

#[test]
fn the_dashboard_speaks_only_of_what_is_exported() {
    let text = std::fs::read_to_string(root().join("deploy/grafana/tollgate.json")).expect("the dashboard");
    let mut found = Vec::new();
    queries(&serde_json::from_str(&text).expect("JSON"), &mut found);
    assert!(found.len() >= 20, "{} queries", found.len());
    for query in found {
        for (name, labels) in series(&query) {
            let metric = described(name).unwrap_or_else(|| panic!("{query}: no metric `{name}`"));
            let grouped = query.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
            let grouped = grouped.flat_map(|labels| labels.split(", "));
            for label in labels.into_iter().chain(grouped) {
                let known = metric.labels.contains(&label) || FOREIGN_LABELS.contains(&label);
                assert!(known, "{query}: `{name}` has no label `{label}`");
            }
        }
    }
}

/// Runs promtool in `deploy/prometheus`; `None`, said aloud, where it is not installed.
fn promtool(arguments: &[&str], input: &str) -> Option<Result<String, String>> {
    let mut command = Command::new("promtool");
    command.args(arguments).current_dir(root().join(Path::new("deploy/prometheus")));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("NOT CHECKED: promtool is not installed (`tests/run` fetches it)");
        return None;
    };
    child.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("promtool reads");
    let output = child.wait_with_output().expect("promtool ends");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Some(if output.status.success() { Ok(said) } else { Err(said) })
}

#[test]
fn promtool_agrees_with_the_rules() {
    for arguments in [["check", "rules", "tollgate.rules.yaml"], ["test", "rules", "tollgate.rules.test.yaml"]] {
        if let Some(Err(said)) = promtool(&arguments, "") {
            panic!("{said}");
        }
    }
}

#[test]
fn promtool_agrees_with_a_scrape() {
    let telemetry = Telemetry::quiet(1, Arc::new(SystemClock)).expect("a registry");
    let layout =
        Layout { routes: vec!["hello".into()], upstreams: vec!["echo".into()], listeners: vec!["public".into()] };
    let meter = telemetry.meter(0).for_layout(1, layout);
    meter.begin(0);
    meter.record(&Exchange {
        listener: 0,
        route: Some(0),
        endpoint: None,
        version: http::Version::HTTP_11,
        method: http::Method::GET,
        path: Some("/hello".into()),
        status: 200,
        decision: "ok",
        reason: None,
        duration: Duration::from_millis(2),
        upstream_time: Some(Duration::from_millis(1)),
        upstream: Some(0),
        server: None,
        retries: 0,
        client: None,
        request_id: None,
        bytes_in: 0,
        bytes_out: 5,
        peer: std::net::IpAddr::from([127, 0, 0, 1]),
    });
    telemetry.refresh_reused();
    telemetry.password_hashed("argon2id", Duration::from_millis(40));
    if let Some(Err(said)) = promtool(&["check", "metrics"], &telemetry.render().expect("text")) {
        panic!("{said}");
    }
}
