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

/// A dialect with the configuration and the transcripts that show it.
struct System {
    name: &'static str,
    /// The configuration.
    yaml: String,
    /// Where the files are that it names.
    beside: PathBuf,
    transcripts: Vec<Transcript>,
}

impl System {
    /// One of the five, by its shipped example.
    fn shipped(name: &'static str) -> System {
        System { name, yaml: shipped(name), beside: folder(), transcripts: read_folder(&ours().join(name)) }
    }

    /// One that only a file of ours knows.
    fn own(name: &'static str, folder: &str) -> System {
        let beside = ours().join(folder);
        let path = beside.join(format!("{name}.yaml"));
        let yaml = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let transcripts = if folder == name { beside.clone() } else { beside.join(name) };
        System { name, yaml, beside, transcripts: read_folder(&transcripts) }
    }

    /// Plays every transcript on a gateway of its own.
    fn over_tls(&self) {
        let mut differ = Vec::new();
        for transcript in &self.transcripts {
            let backend = backend();
            let example = example::of(&self.yaml, self.name, transcript, &backend.url());
            let mut wire = Wire::start(example, &self.beside, backend, Time::of(transcript));
            match play(transcript, &mut wire) {
                Ok(captured) => silent(transcript, &captured, &wire.logged()),
                Err(what) => differ.push(what),
            }
        }
        assert!(differ.is_empty(), "{}", differ.join("\n\n"));
    }

    /// Plays every transcript on the rules alone.
    fn through_the_core(&self) {
        let mut differ = Vec::new();
        for transcript in &self.transcripts {
            let yaml = example::changed(&self.yaml, self.name, transcript, Source::Preset);
            let mut core = Core::of(&self.beside, &yaml, "").unwrap_or_else(|problems| panic!("{problems}"));
            differ.extend(play(transcript, &mut core).err());
        }
        assert!(differ.is_empty(), "{}", differ.join("\n\n"));
    }
}

fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dialects")
}

/// Nothing that was secret may have been logged: no token, no password, no client's secret.
fn silent(transcript: &Transcript, captured: &Captured, log: &str) {
    let tokens = captured.values().filter(|text| text.len() >= 30).map(String::as_str);
    for secret in tokens.chain(SECRETS) {
        assert!(!log.contains(secret), "{}: `{secret}` was logged:\n{log}", transcript.path.display());
    }
}

#[test]
fn standard_over_tls() {
    System::own("standard", "standard").over_tls();
}

#[test]
fn standard_through_the_core() {
    System::own("standard", "standard").through_the_core();
}
