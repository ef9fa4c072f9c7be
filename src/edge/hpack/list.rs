//! What a block holds, unpacked: all names and values in one piece of memory, and where
//! each of them is. Must never: hold more than its bound, as RFC 9113 §6.5.2 counts it.

use crate::edge::hpack::fixed;

/// What a line counts besides its bytes (RFC 7541 §4.1, RFC 9113 §6.5.2).
pub const ENTRY: usize = 32;

/// A list so many times its bound is not read to its end: some octets can stand for a line
/// of the table that is some thousand octets long.
const HOPELESS: usize = 4;

/// From where to where in the list's memory.
pub type Span = (u32, u32);

/// One line of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Span,
}

/// A line's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Name {
    /// That of a line of the static table; from 1 to 61.
    Known(u8),
    /// As it was sent.
    Spelled(Span),
}

/// An unpacked block.
#[derive(Debug, Default)]
pub struct List {
    /// Names and values.
    pub bytes: Vec<u8>,
    /// Where they are.
    pub lines: Vec<Line>,
    size: usize,
    most: usize,
}

impl List {
    /// An empty one that takes lines up to `most` bytes; others are counted only.
    pub fn within(most: usize) -> List {
        List { most, ..List::default() }
    }

    /// The size of all lines, also of those that were left out (RFC 9113 §6.5.2).
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether lines were left out.
    pub fn is_cut(&self) -> bool {
        self.size > self.most
    }

    /// Whether it is so far over its bound that nobody reads on.
    pub fn is_hopeless(&self) -> bool {
        self.size > self.most.saturating_mul(HOPELESS)
    }

    /// The text of a name.
    pub fn name(&self, line: &Line) -> &[u8] {
        match line.name {
            Name::Known(index) => known(index).as_bytes(),
            Name::Spelled(span) => self.text(span),
        }
    }

    /// The text of a value.
    pub fn value(&self, line: &Line) -> &[u8] {
        self.text(line.value)
    }

    fn text(&self, (from, to): Span) -> &[u8] {
        self.bytes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// What was written behind `from` is a span.
    pub(in crate::edge::hpack) fn span(&self, from: usize) -> Span {
        let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        (number(from), number(self.bytes.len()))
    }

    /// Adds a line whose texts are there already, behind `start`; both go if it is too much.
    pub(in crate::edge::hpack) fn push(&mut self, line: Line, start: usize) {
        self.count(self.name(&line).len() + self.value(&line).len());
        if self.is_cut() {
            self.bytes.truncate(start);
        } else {
            self.lines.push(line);
        }
    }

    /// Counts a line with so many bytes of text.
    pub(in crate::edge::hpack) fn count(&mut self, text: usize) {
        self.size = self.size.saturating_add(text + ENTRY);
    }
}

/// A name of the static table.
pub fn known(index: u8) -> &'static str {
    fixed::LINES.get(usize::from(index).wrapping_sub(1)).map_or("", |(name, _)| name)
}
