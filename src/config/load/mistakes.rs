//! Mistakes of reading, put into words: the caret on the key or value, what was
//! expected, and the word that was probably meant. Values that must not be seen are
//! left out of the words.

use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::mistake::{Kind, Mistake};
use crate::config::source::parse::Tree;
use crate::config::source::place::Place;
use crate::config::source::read::find;
use crate::config::source::tree::Value;

/// The problem that a mistake of reading is.
pub fn explain(mistake: Mistake, tree: &Tree) -> Problem {
    let place = mistake.place.unwrap_or(tree.root.place);
    let places = &tree.places;
    let hidden = places.hidden(place);
    match mistake.kind {
        Kind::UnknownKey(key, expected) => Problem::new(Code::UnknownKey, format!("unknown key `{key}`"))
            .at(places, place, format!("expected one of: {}", expected.join(", ")))
            .maybe_help(meant(&key, expected)),
        Kind::MissingKey(key) => {
            let message = format!("{} has no `{key}`", owner(place, tree));
            Problem::new(Code::MissingKey, message).at(places, place, format!("add `{key}:`"))
        }
        Kind::UnknownWord(word, expected) => {
            let message =
                if hidden { "not one of the choices".to_owned() } else { format!("`{word}` is not a choice") };
            let help = if hidden { None } else { meant(&word, expected) };
            Problem::new(Code::UnknownWord, message)
                .at(places, place, format!("expected one of: {}", expected.join(", ")))
                .maybe_help(help)
        }
        Kind::Wrong { found, expected } => {
            let found = if hidden { "the value (not shown)".to_owned() } else { found };
            let quotes = expected.contains("text") || expected == "a string";
            let number = found.starts_with("the number") || found == "`true`" || found == "`false`";
            let help = (quotes && number).then(|| "put it in quotes to make it text".to_owned());
            Problem::new(Code::WrongValue, format!("{found} does not fit here"))
                .at(places, place, format!("expected {}", said(&expected)))
                .maybe_help(help)
        }
        Kind::Said(_, _) if hidden => {
            Problem::new(Code::WrongValue, "the value (not shown) does not fit here").at(places, place, "not valid")
        }
        Kind::Said(message, help) => {
            Problem::new(Code::WrongValue, message).at(places, place, "not valid").maybe_help(help)
        }
    }
}

/// A block as people call it: by its name or id if it has one, and by its path.
fn owner(place: Place, tree: &Tree) -> String {
    let path = tree.places.path(place);
    let node = find(&tree.root, place);
    let called = node.and_then(|node| node.child("name").or_else(|| node.child("id")));
    match called.map(|node| (&node.value, tree.places.hidden(node.place))) {
        _ if path.is_empty() => "the file".to_owned(),
        Some((Value::Scalar(name), false)) => format!("`{path}` (`{}`)", name.text),
        Some(_) | None => format!("`{path}`"),
    }
}

fn meant(word: &str, known: &[&str]) -> Option<String> {
    closest(word, known.iter().copied()).map(|name| format!("did you mean `{name}`?"))
}

/// serde's own words for what belongs somewhere, in this language's.
fn said(expected: &str) -> &str {
    match expected {
        "a string" => "text",
        "a sequence" => "a list",
        "a map" => "a block of keys",
        "a boolean" => "true or false",
        "u64" | "u32" | "u16" | "usize" => "a whole number",
        "f64" => "a number",
        other if other.starts_with("struct ") => "a block of keys",
        other => other,
    }
}
