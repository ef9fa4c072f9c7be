//! What reading the tree into document types can find wrong, as data: serde's hooks
//! are kept apart instead of being printed, so that the help can name the key that
//! was meant. Must never: print a value before its secrecy is known.

use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::config::source::place::Place;

/// One mistake and, as soon as it is known, its place.
#[derive(Clone, Debug)]
pub struct Mistake {
    /// Where; filled in by the innermost node that sees it pass.
    pub place: Option<Place>,
    /// What.
    pub kind: Kind,
}

/// What is wrong.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A key nobody knows, and those that are known there.
    UnknownKey(String, &'static [&'static str]),
    /// A key that has to be there.
    MissingKey(&'static str),
    /// A word that is none of these.
    UnknownWord(String, &'static [&'static str]),
    /// Another value than the one that belongs here.
    Wrong {
        /// What stands there.
        found: String,
        /// What belongs there.
        expected: String,
    },
    /// Anything else, in the words of the type, perhaps with help.
    Said(String, Option<String>),
}

/// Stands between message and help in a mistake that a type words itself.
const HELP: char = '\u{1f}';

/// A message with help, for `serde::de::Error::custom`.
pub fn with_help(message: &str, help: &str) -> String {
    format!("{message}{HELP}{help}")
}

impl Mistake {
    /// The same, at `place` unless it has one already.
    pub fn at(mut self, place: Place) -> Mistake {
        self.place.get_or_insert(place);
        self
    }

    fn of(kind: Kind) -> Mistake {
        Mistake { place: None, kind }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mistake in the configuration")
    }
}

impl std::error::Error for Mistake {}

impl serde::de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Mistake {
        let message = message.to_string();
        Mistake::of(match message.split_once(HELP) {
            Some((message, help)) => Kind::Said(message.to_owned(), Some(help.to_owned())),
            None => Kind::Said(message, None),
        })
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Mistake {
        Mistake::of(Kind::Wrong { found: spoken(found), expected: expected.to_string() })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Mistake {
        Mistake::of(Kind::Wrong { found: spoken(found), expected: expected.to_string() })
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Mistake {
        Mistake::of(Kind::UnknownWord(variant.to_owned(), expected))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Mistake {
        Mistake::of(Kind::UnknownKey(field.to_owned(), expected))
    }

    fn missing_field(field: &'static str) -> Mistake {
        Mistake::of(Kind::MissingKey(field))
    }
}

fn spoken(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("`{text}`"),
        Unexpected::Unsigned(number) => format!("the number `{number}`"),
        Unexpected::Signed(number) => format!("the number `{number}`"),
        Unexpected::Float(number) => format!("the number `{number}`"),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a block of keys".to_owned(),
        other => other.to_string(),
    }
}
