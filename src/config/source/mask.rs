//! What must not be seen when a line of the file is shown. A key is taken for a
//! secret's by its name, generously: a misspelt `pasword` is hidden too. Values that
//! only point elsewhere (`${file:…}`) may be seen.
//! Must never: depend on the file being correct, since carets show broken files.

use std::ops::Range;

use crate::config::source::place::{Places, Secrecy};
use crate::config::source::text::SourceText;

/// What stands in place of a secret, whatever its length.
const STARS: &str = "***";

/// Key names whose values are secrets, besides those that contain a telling word.
const SECRET_KEYS: [&str; 5] = ["secret", "secrets", "secret_hash", "password", "password_hash"];

/// Parts of key names that tell of a secret.
const TELLING: [&str; 6] = ["secret", "passw", "pwd", "credential", "authorization", "api-key"];

/// The name by which `key`, itself under `parent`, is the parent of others: a dialect's
/// `set` holds words of the dialect, every other one values of headers.
pub fn qualified(parent: &str, key: &str) -> String {
    if (parent, key) == ("dialect", "set") { "dialect.set".to_owned() } else { key.to_owned() }
}

/// True when what stands under `key`, itself under `parent`, is a secret.
pub fn is_secret(parent: &str, key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let near = |name: &&str| crate::config::problem::suggest::distance(name, &key) <= 2;
    // Choices between two words.
    let choice = matches!((parent, &*key), ("forward", "authorization") | ("cors", "credentials"));
    let telling = TELLING.iter().any(|word| key.contains(word)) && !choice;
    telling || SECRET_KEYS.iter().any(near) || parent == "set" || (parent == "store" && key == "key")
}

/// True for a scalar that only says where the secret is.
pub fn only_points(written: &str) -> bool {
    let inner = written.trim_matches(|c| c == '"' || c == '\'').trim();
    inner
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|inside| !inside.contains(['{', '}']) && !inside.contains(":-"))
}

/// A text with stars in it, and how places move because of them.
#[derive(Clone, Debug)]
pub struct Masked {
    /// What may be shown.
    pub text: String,
    cuts: Vec<Range<usize>>,
}

impl Masked {
    /// Hides what the tree knows to be secret, and comments and texts in which
    /// something like `secret: …` stands.
    pub fn by_tree(text: &SourceText, places: &Places) -> Masked {
        let hidden = places.iter().filter(|spot| spot.secrecy == Secrecy::Hidden && spot.leaf);
        let cuts = hidden.map(|spot| spot.span.clone());
        let written = |span: &Range<usize>| text.as_str().get(span.clone()).unwrap_or("");
        let cuts = cuts.filter(|span| !only_points(written(span))).chain(comments(text.as_str()));
        // A quote too many makes keys and their secrets the text of one value or key.
        let swallows = |span: &Range<usize>| {
            let written = written(span);
            written.contains(": ") && written.lines().any(|line| telling(line).is_some())
        };
        let quoted = |span: &Range<usize>| written(span).starts_with(['"', '\'']);
        let texts = places.iter().filter(|spot| spot.leaf || quoted(&spot.span));
        let swallowed = texts.map(|spot| spot.span.clone()).filter(swallows);
        Masked::cut(text.as_str(), cuts.chain(swallowed).collect())
    }

    /// Hides what looks like a secret in a text that is no tree: every value behind a
    /// telling key, every list item and every line that has no key at all.
    pub fn by_looks(text: &SourceText) -> Masked {
        let mut cuts = Vec::new();
        let mut start = 0;
        for line in text.as_str().split_inclusive('\n') {
            let bare = line.trim_end();
            let indent = bare.len() - bare.trim_start().len();
            let content = bare.trim_start();
            let shown = match telling(content) {
                Some(colon) => Some(colon + 1),
                None if content.contains(": ") || content.ends_with(':') || content.starts_with(['#', '?']) => None,
                None if matches!(content, "---" | "..." | "") => None,
                None if content.starts_with("- ") => Some(1),
                None => Some(0),
            };
            if let Some(shown) = shown {
                let from = indent + shown;
                let from = from + bare.get(from..).map_or(0, |rest| rest.len() - rest.trim_start().len());
                if from < bare.len() {
                    cuts.push(start + from..start + bare.len());
                }
            }
            start += line.len();
        }
        Masked::cut(text.as_str(), cuts)
    }

    fn cut(text: &str, mut cuts: Vec<Range<usize>>) -> Masked {
        cuts.retain(|cut| cut.start < cut.end && text.is_char_boundary(cut.start) && text.is_char_boundary(cut.end));
        cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
        let mut kept: Vec<Range<usize>> = Vec::new();
        for cut in cuts {
            if kept.last().is_none_or(|last| last.end <= cut.start) {
                kept.push(cut);
            }
        }
        let mut out = String::with_capacity(text.len());
        let mut from = 0;
        for cut in &kept {
            out.push_str(text.get(from..cut.start).unwrap_or(""));
            out.push_str(STARS);
            // Line numbers must stay what they are, also behind a secret of many lines.
            let lines = text.get(cut.clone()).map_or(0, |cut| cut.matches('\n').count());
            out.extend(std::iter::repeat_n('\n', lines));
            from = cut.end;
        }
        out.push_str(text.get(from..).unwrap_or(""));
        Masked { text: out, cuts: kept.into_iter().collect() }
    }

    /// Where a span of the original stands in the masked text.
    pub fn moved(&self, original: &str, span: Range<usize>) -> Range<usize> {
        let shift = |offset: usize, stars_end: bool| {
            let (mut removed, mut added) = (0, 0);
            for cut in self.cuts.iter().take_while(|cut| cut.start < offset) {
                if offset < cut.end {
                    return cut.start - removed + added + if stars_end { STARS.len() } else { 0 };
                }
                removed += cut.len();
                added += STARS.len() + original.get(cut.clone()).map_or(0, |cut| cut.matches('\n').count());
                if offset == cut.end {
                    // The end of the stars themselves, not of the lines kept behind them.
                    added -= original.get(cut.clone()).map_or(0, |cut| cut.matches('\n').count());
                }
            }
            offset - removed + added
        };
        let start = shift(span.start, false).min(self.text.len());
        start..shift(span.end, true).clamp(start, self.text.len())
    }
}

/// What follows the `#` of comments in which something like `secret: …` stands, such
/// as a value that was commented out. A `#` inside quotes may be taken for one, which
/// hides too much and never too little.
fn comments(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begin = start;
        start += line.len();
        let line = line.trim_end();
        let hash = if line.trim_start().starts_with('#') { line.find('#') } else { line.find(" #").map(|at| at + 1) }?;
        telling(line.get(hash + 1..)?)?;
        Some(begin + hash + 1..begin + line.len())
    })
}

/// The offset of the colon behind a telling key of this line.
fn telling(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = line.get(from..).and_then(|rest| rest.find(':')).map(|at| from + at) {
        let before = line.get(..colon).unwrap_or("");
        let key = before.rsplit(|c: char| c.is_whitespace() || matches!(c, '{' | ',' | '"' | '\'')).next();
        if key.is_some_and(|key| !key.is_empty() && is_secret("", key)) {
            return Some(colon);
        }
        from = colon + 1;
    }
    None
}
