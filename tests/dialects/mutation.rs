//! No knob of a preset is there for nothing: break it anywhere, and some transcript
//! fails. What cannot be noticed is listed beside the transcripts, with its reason.

use std::path::Path;

use serde_json::Value;

use crate::run::core::{Core, OWN_DIALECT};
use crate::run::example::{self, Source};
use crate::run::mutant::{Mutant, Words, mutants, words};
use crate::run::play::{Until, play};
use crate::run::transcript::Transcript;
use crate::{System, ours};

/// The presets whose words are tried in each other's places.
const FIVE: [&str; 5] = ["comic-clan", "social-translator", "musement", "intra42", "bonfire"];

/// The embedded text of a preset.
fn preset(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect/presets").join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A change that is none, as `equivalent.list` beside the transcripts names it: `PLACE
/// WHAT: REASON`; `*` as WHAT is any change there.
struct Excuse {
    place: String,
    what: String,
}

impl Excuse {
    fn read(line: &str) -> Excuse {
        let (change, reason) = line.rsplit_once(" : ").unwrap_or_else(|| panic!("no reason: {line}"));
        assert!(!reason.trim().is_empty(), "no reason: {line}");
        let (place, what) = change.split_once(' ').unwrap_or_else(|| panic!("no change: {line}"));
        Excuse { place: place.to_owned(), what: what.to_owned() }
    }

    fn covers(&self, mutant: &Mutant) -> bool {
        self.place == mutant.place && (self.what == "*" || self.what == mutant.what)
    }
}

fn excuses(name: &str) -> Vec<Excuse> {
    let text = std::fs::read_to_string(ours().join(name).join("equivalent.list")).unwrap_or_default();
    text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(Excuse::read).collect()
}

/// Transcripts with the configurations in which the dialect is a file.
type Played<'a> = Vec<(&'a Transcript, String)>;

/// Whether some transcript notices that the dialect is this document.
fn noticed(beside: &Path, played: &Played<'_>, document: &Value) -> bool {
    let own = serde_yaml::to_string(document).expect("YAML");
    played.iter().any(|(transcript, yaml)| match Core::of(beside, yaml, &own) {
        Err(_) => true,
        Ok(mut core) => play(transcript, &mut core, Until::FirstDifference).is_err(),
    })
}

/// Breaks a preset at every place and expects a transcript to fail each time.
fn every_knob_is_looked_at(name: &'static str) {
    let system = System::shipped(name);
    let document = preset(name);
    let mut known = Words::new();
    FIVE.iter().for_each(|name| words(&preset(name), "", &mut known));
    let changed = |transcript| example::changed(&system.yaml, name, transcript, Source::File(OWN_DIALECT));
    let played: Played<'_> = system.transcripts.iter().map(|t| (t, changed(t))).collect();
    for (transcript, yaml) in &played {
        let own = serde_yaml::to_string(&document).expect("YAML");
        let mut core = Core::of(&system.beside, yaml, &own).unwrap_or_else(|problems| panic!("{problems}"));
        play(transcript, &mut core, Until::End).unwrap_or_else(|what| panic!("as a file it speaks otherwise: {what}"));
    }
    let excuses = excuses(name);
    let mut used = vec![false; excuses.len()];
    let all = mutants(&document, &known);
    let mut unseen = Vec::new();
    for mutant in all.iter().filter(|mutant| !noticed(&system.beside, &played, &mutant.document)) {
        match excuses.iter().position(|excuse| excuse.covers(mutant)) {
            Some(index) => used[index] = true,
            None => unseen.push(format!("{} {}", mutant.place, mutant.what)),
        }
    }
    assert!(unseen.is_empty(), "{} of {} changes went unnoticed:\n{}", unseen.len(), all.len(), unseen.join("\n"));
    let idle = excuses.iter().zip(used).filter(|(_, used)| !used).map(|(excuse, _)| &*excuse.place);
    assert_eq!(idle.collect::<Vec<_>>(), Vec::<&str>::new(), "excused, but noticed after all");
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
