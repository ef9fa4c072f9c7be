//! `shown.md` says which transcript shows which dimension and which condition. Here it is
//! held to that: no key that is not in the language, no transcript that is not there, no
//! condition that is left out.

use std::path::Path;

use tollgate::dialect::fault::Fault;

use crate::ours;
use crate::run::transcript::{self, Step};

/// The five systems.
const FIVE: [&str; 5] = ["comic-clan", "social-translator", "musement", "intra42", "bonfire"];

/// How many dimensions there are.
const DIMENSIONS: usize = 27;

/// The cells of the table's rows whose first cell fits.
fn rows(first: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(ours().join("shown.md")).expect("the tables");
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split(" | ").map(|c| c.trim().to_owned()).collect() };
    text.lines().filter(|line| line.starts_with("| ")).map(cells).filter(|row| first(&row[0])).collect()
}

/// The words between backticks.
fn keys(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2).flat_map(|key| key.split('.'))
}

#[test]
fn every_dimension_has_keys_and_somebody_who_shows_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = std::fs::read_to_string(root.join("deploy/schema/gateway.schema.json")).expect("the schema");
    let numbered = rows(|first| first.parse::<usize>().is_ok());
    assert_eq!(numbered.len(), DIMENSIONS);
    for (index, row) in numbered.iter().enumerate() {
        let [number, _, said, shown] = &row[..] else { panic!("{row:?}") };
        assert_eq!(number, &(index + 1).to_string());
        // `variants` is a key of a dialect's file alone.
        for key in keys(said).filter(|key| *key != "variants") {
            assert!(schema.contains(&format!("\"{key}\": {{")), "{number}: `{key}` is no key");
        }
        are_there(shown, number);
    }
}

/// Transcripts by their names, tests by their paths.
fn are_there(shown: &str, whose: &str) {
    for place in shown.split(", ") {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let there = if place.ends_with(".rs") { root.join(place) } else { ours().join(format!("{place}.txt")) };
        assert!(there.exists(), "{whose}: {place}");
    }
}

#[test]
fn every_difference_is_shown_by_somebody() {
    let differences = rows(|first| FIVE.contains(&first));
    assert!(FIVE.iter().all(|name| differences.iter().any(|row| row[0] == *name)));
    for row in &differences {
        let [_, point, _, _, shown] = &row[..] else { panic!("{row:?}") };
        are_there(shown, point);
    }
}

#[test]
fn every_condition_is_reached_by_a_transcript() {
    let named = rows(|first| first.starts_with('`'));
    let words: Vec<&str> = named.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(words, Fault::WORDS, "each in its order");
    for row in &named {
        match row[1].split_once(": ") {
            Some((place, title)) => {
                let transcript = transcript::read(&ours().join(format!("{place}.txt")));
                let fits = |step: &Step| matches!(step, Step::Exchange(exchange) if exchange.title == title);
                assert!(transcript.steps.iter().any(fits), "{row:?}");
            }
            None => assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&row[1]).exists(), "{row:?}"),
        }
    }
}
