//! No knob of a preset is there for nothing: break it anywhere, and some transcript
//! fails. What comes to the same once it is compiled (a default written out, words for
//! people) is no change (`run/made.rs`).

use std::path::Path;

use serde_json::Value;

use crate::System;
use crate::run::core::{Core, OWN_DIALECT};
use crate::run::example::{self, Source};
use crate::run::mutant::{Words, mutants, words};
use crate::run::play::{Until, play};
use crate::run::transcript::Transcript;

/// The presets whose words are tried in each other's places.
const FIVE: [&str; 5] = ["comic-clan", "social-translator", "musement", "intra42", "bonfire"];

/// The embedded text of a preset.
fn preset(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect/presets").join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Transcripts with the configurations in which the dialect is a file.
type Played<'a> = Vec<(&'a Transcript, String)>;

/// What becomes of a change.
enum Seen {
    /// The transcript of that number notices it.
    By(usize),
    /// It comes to the same.
    NoChange,
    /// It is a change, and nobody notices.
    ByNobody,
}

/// Whether some transcript notices that the dialect is this document and no longer what
/// came to `before`. Whoever noticed the last change is asked first: neighbours are
/// commonly noticed by the same.
fn seen(beside: &Path, played: &Played<'_>, document: &Value, before: &[String], first: usize) -> Seen {
    let own = serde_yaml::to_string(document).expect("YAML");
    let mut changed = false;
    let others = (0..played.len()).filter(|other| *other != first);
    for index in [first].into_iter().chain(others) {
        let (transcript, yaml) = &played[index];
        let Ok(mut core) = Core::of(beside, yaml, &own) else { return Seen::By(index) };
        if core.made_of() != before[index] {
            changed = true;
            if play(transcript, &mut core, Until::FirstDifference).is_err() {
                return Seen::By(index);
            }
        }
    }
    if changed { Seen::ByNobody } else { Seen::NoChange }
}

/// Breaks a preset at every place and expects a transcript to fail each time.
fn every_knob_is_looked_at(name: &'static str) {
    let system = System::shipped(name);
    let changed = |transcript: &Transcript| example::changed(&system.yaml, name, transcript, Source::File(OWN_DIALECT));
    all_are_looked_at(&system, preset(name), &changed);
}

/// The same with a dialect that is only a file beside its configuration.
fn every_knob_of_a_file_is_looked_at(name: &'static str) {
    let system = System::own(name, "own");
    let file = format!("{name}.dialect.yaml");
    let text = std::fs::read_to_string(system.beside.join(&file)).expect("the dialect");
    let changed = |transcript: &Transcript| {
        example::changed(&system.yaml, name, transcript, Source::Preset).replace(&file, OWN_DIALECT)
    };
    all_are_looked_at(&system, serde_yaml::from_str(&text).expect("YAML"), &changed);
}

fn all_are_looked_at(system: &System, document: Value, changed: &dyn Fn(&Transcript) -> String) {
    let mut known = Words::new();
    FIVE.iter().for_each(|name| words(&preset(name), "", &mut known));
    let played: Played<'_> = system.transcripts.iter().map(|t| (t, changed(t))).collect();
    let own = serde_yaml::to_string(&document).expect("YAML");
    let before = played.iter().map(|(transcript, yaml)| {
        let mut core = Core::of(&system.beside, yaml, &own).unwrap_or_else(|problems| panic!("{problems}"));
        play(transcript, &mut core, Until::End).unwrap_or_else(|what| panic!("as a file it speaks otherwise: {what}"));
        core.made_of()
    });
    let before: Vec<String> = before.collect();
    let all = mutants(&document, &known);
    let (mut first, mut quiet) = (0, Vec::new());
    for mutant in &all {
        match seen(&system.beside, &played, &mutant.document, &before, first) {
            Seen::By(index) => first = index,
            Seen::NoChange => {}
            Seen::ByNobody => quiet.push(format!("{} {}", mutant.place, mutant.what)),
        }
    }
    assert!(quiet.is_empty(), "{} of {} changes went unnoticed:\n{quiet:#?}", quiet.len(), all.len());
}

#[test]
fn every_knob_of_comic_clan_is_looked_at() {
    every_knob_is_looked_at("comic-clan");
}

#[test]
fn every_knob_of_social_translator_is_looked_at() {
    every_knob_is_looked_at("social-translator");
}

#[test]
fn every_knob_of_musement_is_looked_at() {
    every_knob_is_looked_at("musement");
}

#[test]
fn every_knob_of_intra42_is_looked_at() {
    every_knob_is_looked_at("intra42");
}

#[test]
fn every_knob_of_bonfire_is_looked_at() {
    every_knob_is_looked_at("bonfire");
}

#[test]
fn every_knob_of_an_invented_system_is_looked_at() {
    every_knob_of_a_file_is_looked_at("session");
}
