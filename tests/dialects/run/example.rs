//! The shipped examples, with as little changed as a test needs: every port is the
//! kernel's choice and the backend is the test's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::run::transcript::Transcript;

/// An example, ready to be written somewhere.
#[derive(Clone, Debug)]
pub struct Example {
    /// Its text.
    pub yaml: String,
    /// The listeners' names by the ports they have in the shipped file.
    pub listeners: BTreeMap<u16, String>,
}

/// Where the shipped examples are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/examples")
}

/// The shipped text.
pub fn shipped(name: &str) -> String {
    let path = folder().join(format!("{name}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The configuration of a dialect as a transcript wants it, and as a test can run it.
pub fn of(text: &str, name: &str, transcript: &Transcript, upstream: &str) -> Example {
    movable(&changed(text, name, transcript), upstream)
}

/// The configuration of a dialect as a transcript wants it.
pub fn changed(text: &str, name: &str, transcript: &Transcript) -> String {
    let mut yaml = text.to_owned();
    if let Some(variant) = &transcript.variant {
        yaml =
            change(&yaml, &format!("dialect: {name}"), &format!("dialect: {{ preset: {name}, variant: {variant} }}"));
    }
    for (old, new) in &transcript.replaced {
        yaml = change(&yaml, old, new);
    }
    yaml
}

/// Any configuration, its ports and upstream changed.
pub fn movable(yaml: &str, upstream: &str) -> Example {
    let tree: Value = serde_yaml::from_str(yaml).expect("YAML");
    let listeners = tree["listeners"].as_object().expect("listeners");
    let port = |value: &Value| {
        let address = value["address"].as_str().expect("an address");
        address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    };
    let listeners = listeners.iter().map(|(name, value)| (port(value), name.clone())).collect();
    let lines = yaml.lines().map(|line| {
        let moved = line.contains("address:") || line.contains("listen:");
        if moved { without_ports(line) } else { line.replace("http://127.0.0.1:9000", upstream) }
    });
    Example { yaml: lines.map(|line| line + "\n").collect(), listeners }
}

/// A change that must really change something.
fn change(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the example does not say `{old}`:\n{text}");
    text.replace(old, new)
}

/// Every port of 127.0.0.1 replaced by the kernel's choice.
fn without_ports(line: &str) -> String {
    let mut parts = line.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("127.0.0.1:0");
        out.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit()));
    }
    out
}

#[test]
fn ports_and_upstream_are_the_tests_own() {
    let text = "listeners:\n  a: { address: \"127.0.0.1:8443\" }\n  b:\n    address: 127.0.0.1:3333\nx: [http://127.0.0.1:9000]\n";
    let example = movable(text, "http://h:1");
    let expected = "listeners:\n  a: { address: \"127.0.0.1:0\" }\n  b:\n    address: 127.0.0.1:0\nx: [http://h:1]\n";
    assert_eq!(example.yaml, expected);
    assert_eq!(example.listeners, BTreeMap::from([(8443, "a".to_owned()), (3333, "b".to_owned())]));
}
