//! The shipped examples, with as little changed as a test needs: every port is the
//! kernel's choice and the backend is the test's.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A configuration that a test can run.
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
