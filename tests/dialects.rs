//! What the clients in the field have always been answered, they are still answered:
//! every transcript under `tests/dialects/`, over TLS and through the core alone.

mod support;

#[path = "oauth_core/memory.rs"]
#[allow(dead_code, reason = "made for another test, which also lets it fail")]
mod memory;
#[path = "dialects/run/mod.rs"]
mod run;

use std::path::{Path, PathBuf};

use run::core::Core;
use run::example::{self, Source};
use run::pattern::Captured;
use run::play::play;
use run::transcript::{Transcript, read_folder};
use run::wire::{Time, Wire, backend};
use support::example::{folder, shipped};

/// What the examples' clients and users prove themselves with.
const SECRETS: [&str; 7] = [
    "p4ssw0rd",
    "1f9a6a54-7c77-435c-9f37-08dda099fd0b",
    "community-secret",
    "9xyz",
    "app42-secret",
    "6b1f2c9e-53c4-4f0e-9d7a-1f6f4a0c77d1",
    "shop-secret",
];

fn transcripts(name: &str) -> Vec<Transcript> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects").join(name);
    read_folder(&folder)
}

/// The configuration that the transcripts of a dialect are about.
fn text(name: &str) -> String {
    match name {
        "standard" => include_str!("dialects/standard/standard.yaml").to_owned(),
        name => shipped(name),
    }
}

/// Plays every transcript of a dialect on a gateway of its own.
fn over_tls(name: &str) {
    let mut differ = Vec::new();
    for transcript in transcripts(name) {
        let backend = backend();
        let example = example::of(&text(name), name, &transcript, &backend.url());
        let time = if transcript.needs_clock() { Time::Moved } else { Time::Real };
        let mut wire = Wire::start(example, backend, time);
        match play(&transcript, &mut wire) {
            Ok(captured) => silent(&transcript, &captured, &wire.logged()),
            Err(what) => differ.push(what),
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// Nothing that was secret may have been logged: no token, no password, no client's secret.
fn silent(transcript: &Transcript, captured: &Captured, log: &str) {
    let tokens = captured.values().filter(|text| text.len() >= 30).map(String::as_str);
    for secret in tokens.chain(SECRETS) {
        assert!(!log.contains(secret), "{}: `{secret}` was logged:\n{log}", transcript.path.display());
    }
}

/// Plays every transcript of a dialect on its rules alone.
fn through_the_core(name: &str) {
    let mut differ = Vec::new();
    for transcript in transcripts(name) {
        let yaml = example::changed(&text(name), name, &transcript, Source::Preset);
        let mut core = Core::of(&folder(), &yaml, "").unwrap_or_else(|problems| panic!("{problems}"));
        differ.extend(play(&transcript, &mut core).err());
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn standard_over_tls() {
    over_tls("standard");
}

#[test]
fn standard_through_the_core() {
    through_the_core("standard");
}

#[test]
fn every_transcript_can_be_read() {
    for name in ["standard", "comic-clan", "social-translator", "musement", "intra42", "bonfire"] {
        let all = transcripts(name);
        assert!(all.len() >= 2, "{name} has {}", all.len());
    }
}
