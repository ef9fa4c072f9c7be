//! What a template may refer to: named facts, each of a kind that filters and claims
//! are checked against when a dialect is read. A fact that is not there is `Nothing`
//! and becomes `null`, or leaves its member out where the template says so.

use crate::clock::UnixTime;

/// The value behind a reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// Not there.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number; spans of time are in seconds.
    Number(u64),
    /// A moment.
    Time(UnixTime),
    /// Several texts, in order.
    List(Vec<String>),
}

/// What a reference is, known when the dialect is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Number,
    /// A moment.
    Time,
    /// Several texts.
    List,
    /// A text or a number, such as an error's code.
    Either,
}

/// Where facts come from while an answer or a token is written.
pub trait Facts {
    /// The fact of that name; `Nothing` for one that is not there now.
    fn fact(&self, name: &str) -> Fact;

    /// Chance, as `count` digits of base 10 or 16; no digits where there is none.
    fn digits(&self, base: u32, count: usize) -> String {
        let _ = (base, count);
        String::new()
    }

    /// The present moment, for what remains.
    fn now(&self) -> UnixTime;
}

impl Fact {
    /// A text, or nothing.
    pub fn maybe(text: Option<impl Into<String>>) -> Fact {
        text.map_or(Fact::Nothing, |text| Fact::Text(text.into()))
    }

    /// True for nothing, an empty text and an empty list.
    pub fn is_empty(&self) -> bool {
        match self {
            Fact::Nothing => true,
            Fact::Text(text) => text.is_empty(),
            Fact::List(list) => list.is_empty(),
            Fact::Number(_) | Fact::Time(_) => false,
        }
    }
}
