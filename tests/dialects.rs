//! What the clients in the field have always been answered, they are still answered:
//! every transcript under `tests/dialects/`, over TLS and through the core alone.

mod support;

#[path = "dialects/run/mod.rs"]
mod run;

use std::path::{Path, PathBuf};

use run::example;
use run::play::play;
use run::transcript::{Transcript, read_folder};
use run::wire::{Time, Wire, backend};

fn transcripts(name: &str) -> Vec<Transcript> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects").join(name);
    read_folder(&folder)
}

/// Plays every transcript of a dialect on a gateway of its own.
fn over_tls(name: &str) {
    let mut differ = Vec::new();
    for transcript in transcripts(name) {
        let backend = backend();
        let example = example::of(name, &transcript, &backend.url());
        let time = if transcript.needs_clock() { Time::Moved } else { Time::Real };
        let mut wire = Wire::start(example, backend, time);
        differ.extend(play(&transcript, &mut wire).err());
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn comic_clan_over_tls() {
    over_tls("comic-clan");
}

#[test]
fn social_translator_over_tls() {
    over_tls("social-translator");
}

#[test]
fn musement_over_tls() {
    over_tls("musement");
}

#[test]
fn intra42_over_tls() {
    over_tls("intra42");
}

#[test]
fn bonfire_over_tls() {
    over_tls("bonfire");
}

#[test]
fn every_transcript_can_be_read() {
    for name in ["comic-clan", "social-translator", "musement", "intra42", "bonfire"] {
        let all = transcripts(name);
        assert!(all.len() >= 2, "{name} has {}", all.len());
    }
}
