//! The text of a configuration file with the means to say where in it something is.
//! Columns count characters, as editors do; spans are bytes, as slices are.

use std::ops::Range;

/// The largest configuration file that is read, in bytes; a larger one is refused.
pub const MAX_FILE_BYTES: usize = 8 * 1024 * 1024;

/// A configuration file's text.
#[derive(Clone, Debug)]
pub struct SourceText {
    name: String,
    text: String,
    /// Byte offset of each character, only for texts that are not plain ASCII.
    characters: Option<Vec<usize>>,
}

/// A position for people: both numbers begin at 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl SourceText {
    /// A text that is shown under `name`. A byte order mark is dropped.
    pub fn new(name: &str, text: String) -> SourceText {
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        let characters = (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect());
        SourceText { name: name.to_owned(), text, characters }
    }

    /// The name it is shown under.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The byte offset of the character with that number.
    pub fn byte_of(&self, character: usize) -> usize {
        let byte = match &self.characters {
            Some(offsets) => offsets.get(character).copied().unwrap_or(self.text.len()),
            None => character,
        };
        byte.min(self.text.len())
    }

    /// Line and column of a byte offset.
    pub fn position(&self, byte: usize) -> Position {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        Position { line, column: before.get(line_start..).map_or(0, |rest| rest.chars().count()) + 1 }
    }

    /// The span cut to the first of its lines, without trailing blanks.
    pub fn first_line(&self, span: Range<usize>) -> Range<usize> {
        let text = self.text.get(span.clone()).unwrap_or("");
        let line = text.split('\n').next().unwrap_or("").trim_end();
        span.start..span.start + line.len()
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, SourceText};

    #[test]
    fn columns_count_characters_and_spans_count_bytes() {
        let text = SourceText::new("x.yaml", "a: ä\nb: ßc".to_owned());
        assert_eq!(text.byte_of(5), 6);
        assert_eq!(text.position(6), Position { line: 2, column: 1 });
        assert_eq!(text.position(text.as_str().find('c').unwrap_or(0)), Position { line: 2, column: 5 });
        assert_eq!(text.byte_of(99), text.as_str().len());
    }
}
