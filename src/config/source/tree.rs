//! The value tree: maps in the order of the file, lists, and scalars with their style.
//! Keys are unique and plain text, which the parser has seen to.

use crate::config::source::place::Place;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its number.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// Text, number, boolean or nothing.
    Scalar(Scalar),
    /// `[a, b]`, or lines with dashes.
    List(Vec<Node>),
    /// Keys with values.
    Map(Vec<Entry>),
}

/// One key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_place: Place,
    /// Its value.
    pub node: Node,
}

/// A scalar as it was written.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// Its text, escapes resolved.
    pub text: String,
    /// How its type is found.
    pub style: Style,
}

/// How the type of a scalar is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Style {
    /// By its looks: `1` is a number, `true` a boolean, nothing is null.
    Plain,
    /// Always text.
    Quoted,
    /// It came through `${…}`: whatever its place asks for.
    Filled,
}

impl Node {
    /// The entries, if this is a map.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::List(_) | Value::Scalar(_) => &[],
        }
    }

    /// The value under `key`, if this is a map that has it.
    pub fn child(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }
}
