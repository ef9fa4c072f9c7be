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
use run::example;
use run::play::play;
use run::transcript::{Transcript, read_folder};
use run::wire::{Time, Wire, backend};
use support::example::{folder, shipped};

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
        differ.extend(play(&transcript, &mut wire).err());
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

/// Plays every transcript of a dialect on its rules alone.
fn through_the_core(name: &str) {
    let mut differ = Vec::new();
    for transcript in transcripts(name) {
        let yaml = example::changed(&text(name), name, &transcript);
        let mut core = Core::of(&folder(), &yaml).unwrap_or_else(|problems| panic!("{problems}"));
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
