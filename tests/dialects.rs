//! What the clients in the field have always been answered, they are still answered:
//! every transcript under `tests/dialects/`, over TLS and through the core alone.

mod support;

#[path = "oauth_core/memory.rs"]
#[allow(dead_code, reason = "made for another test, which also lets it fail")]
mod memory;
#[path = "dialects/mutation.rs"]
mod mutation;
#[path = "dialects/operating.rs"]
mod operating;
#[path = "oauth_core/people.rs"]
mod people;
#[path = "dialects/run/mod.rs"]
mod run;
#[path = "dialects/shown.rs"]
mod shown;

use std::path::{Path, PathBuf};

use run::core::Core;
use run::example::{self, Source};
use run::pattern::Captured;
use run::play::{Until, play};
use run::transcript::{Transcript, read_folder};
use run::wire::{Time, Wire, backend};
use serde_json::Value;

use support::example::{folder, movable, shipped};
use support::gateway::Gateway;
use support::http::curl;

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
        for transcript in self.transcripts.iter().filter(|transcript| !transcript.has_faults()) {
            let backend = backend();
            let example = example::of(&self.yaml, self.name, transcript, &backend.url());
            let mut wire = Wire::start(example, &self.beside, backend, Time::of(transcript));
            match play(transcript, &mut wire, Until::End) {
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
            differ.extend(play(transcript, &mut core, Until::End).err());
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

#[test]
fn wecom_is_only_a_file() {
    let system = System::own("wecom", "own");
    system.through_the_core();
    system.over_tls();
}

#[test]
fn tiktok_is_only_a_file() {
    let system = System::own("tiktok", "own");
    system.through_the_core();
    system.over_tls();
}

#[test]
fn an_invented_system_is_only_a_file() {
    let system = System::own("session", "own");
    system.through_the_core();
    system.over_tls();
}

#[test]
fn a_system_that_says_200_to_everything_is_only_a_file() {
    let system = System::own("legacy-php", "own");
    system.through_the_core();
    system.over_tls();
}

#[test]
fn comic_clan_through_the_core() {
    System::shipped("comic-clan").through_the_core();
}

#[test]
fn comic_clan_over_tls() {
    System::shipped("comic-clan").over_tls();
}

#[test]
fn social_translator_through_the_core() {
    System::shipped("social-translator").through_the_core();
}

#[test]
fn social_translator_over_tls() {
    System::shipped("social-translator").over_tls();
}

#[test]
fn musement_through_the_core() {
    System::shipped("musement").through_the_core();
}

#[test]
fn musement_over_tls() {
    System::shipped("musement").over_tls();
}

#[test]
fn intra42_through_the_core() {
    System::shipped("intra42").through_the_core();
}

#[test]
fn intra42_over_tls() {
    System::shipped("intra42").over_tls();
}

#[test]
fn bonfire_through_the_core() {
    System::shipped("bonfire").through_the_core();
}

#[test]
fn bonfire_over_tls() {
    System::shipped("bonfire").over_tls();
}

/// Plays a dialect's transcripts on the one process that serves all five.
fn on_the_five(name: &'static str, host: &'static str, issuer: &'static str) {
    let mut differ = Vec::new();
    for transcript in System::shipped(name).transcripts.iter().filter(|transcript| transcript.is_plain()) {
        let backend = backend();
        let example = movable(&shipped("five"), &backend.url());
        let mut wire = Wire::start(example, &folder(), backend, Time::of(transcript)).asking(host, issuer);
        differ.extend(play(transcript, &mut wire, Until::End).err());
    }
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
}

#[test]
fn one_process_speaks_all_five() {
    on_the_five("comic-clan", "comic.localhost", "comic");
    on_the_five("social-translator", "translator.localhost", "translator");
    on_the_five("musement", "musement.localhost", "musement");
    on_the_five("intra42", "intra.localhost", "intra");
    on_the_five("bonfire", "bonfire.localhost", "bonfire");
}

#[test]
fn comic_clan_without_clients_makes_a_pair_at_boot_and_says_so_once() {
    let mut tree: Value = serde_yaml::from_str(&shipped("comic-clan")).expect("YAML");
    let issuers = tree["issuers"].as_object_mut().expect("issuers");
    let removed: Vec<bool> = issuers
        .values_mut()
        .map(|issuer| issuer.as_object_mut().is_some_and(|issuer| issuer.remove("clients").is_some()))
        .collect();
    assert_eq!(removed, [true]);
    let yaml = serde_yaml::to_string(&tree).expect("YAML");
    let backend = backend();
    let example = movable(&yaml, &backend.url());
    let gateway = Gateway::start("pair", &example.yaml);
    let (id, secret) = gateway.generated_client();
    for uuid in [&id, &secret] {
        let groups: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{uuid}");
    }
    let url = format!("https://{}/oauth/token/", gateway.address(&example.listeners[&3333]));
    let form = "grant_type=password&username=example%40mail.com&password=p4ssw0rd";
    assert_eq!(curl(&["-u", &format!("{id}:{secret}"), "-d", form, &url]).status, 201);
    let (_, folder) = gateway.stop();
    let again = Gateway::start_in(folder);
    assert!(!again.banner.iter().any(|line| line.contains(&secret)), "said once, in the start that made it");
}
