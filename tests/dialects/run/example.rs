//! The configuration that a transcript is about.

use crate::run::transcript::Transcript;
use crate::support::example::{Example, movable};

/// The configuration of a dialect as a transcript wants it, and as a test can run it.
pub fn of(text: &str, name: &str, transcript: &Transcript, upstream: &str) -> Example {
    movable(&changed(text, name, transcript, Source::Preset), upstream)
}

/// Where the dialect of an example comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// From the program.
    Preset,
    /// From a file of that name.
    File(&'static str),
}

/// The configuration of a dialect as a transcript wants it.
pub fn changed(text: &str, name: &str, transcript: &Transcript, source: Source) -> String {
    let mut yaml = text.to_owned();
    let origin = match source {
        Source::Preset => format!("preset: {name}"),
        Source::File(file) => format!("file: {file}"),
    };
    let said = |key: &str, value: &Option<String>| value.as_ref().map_or_else(String::new, |v| format!(", {key}: {v}"));
    let (variant, set) = (said("variant", &transcript.variant), said("set", &transcript.set));
    if source != Source::Preset || transcript.variant.is_some() || transcript.set.is_some() {
        yaml = change(&yaml, &format!("dialect: {name}"), &format!("dialect: {{ {origin}{variant}{set} }}"));
    }
    for (old, new) in &transcript.replaced {
        yaml = change(&yaml, old, new);
    }
    yaml
}

/// A change that must really change something.
fn change(text: &str, old: &str, new: &str) -> String {
    assert!(text.contains(old), "the example does not say `{old}`:\n{text}");
    text.replace(old, new)
}

#[test]
fn ports_and_upstream_are_the_tests_own() {
    let text = "listeners:\n  a: { address: \"127.0.0.1:8443\" }\n  b:\n    address: 127.0.0.1:3333\nx: [http://127.0.0.1:9000]\n";
    let example = movable(text, "http://h:1");
    let expected = "listeners:\n  a: { address: \"127.0.0.1:0\" }\n  b:\n    address: 127.0.0.1:0\nx: [http://h:1]\n";
    assert_eq!(example.yaml, expected);
    assert_eq!(example.listeners, std::collections::BTreeMap::from([(8443, "a".to_owned()), (3333, "b".to_owned())]));
}
