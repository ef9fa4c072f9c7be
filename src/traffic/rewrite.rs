//! The path on its way to a backend, where it is not the judged one: another front, a
//! template, or a pattern. It only makes text: the caller of this module brings that
//! into the one canonical form or refuses it, so that no rewriting leads to a path with
//! two readings.

use std::borrow::Cow;

use regex::Regex;

use crate::dialect::braces;
use crate::traffic::template::{Facts, Template};

/// Bytes that a compiled pattern may take. A path is looked at in time that grows with
/// both, so this bounds what one request may cost.
const MAX_PATTERN_BYTES: usize = 64 * 1024;

/// How a path is rewritten.
#[derive(Clone, Debug)]
pub enum Rewrite {
    /// Another front; `from` ends at a segment, and so does `to`.
    Front {
        /// What the route's paths begin with.
        from: Box<str>,
        /// What they begin with for the backend; empty: nothing.
        to: Box<str>,
    },
    /// A path of its own.
    Template(Template),
    /// What a pattern caught, in another order.
    Pattern(Pattern),
}

impl Rewrite {
    /// The path for the backend; `None` if the request lacks what it would be made of.
    pub fn apply<'a>(&self, facts: &Facts<'a>) -> Option<Cow<'a, str>> {
        match self {
            Rewrite::Front { from, to } => Some(match facts.path.strip_prefix(&**from) {
                Some("") if to.is_empty() => Cow::Borrowed("/"),
                Some(rest) if rest.is_empty() || rest.starts_with('/') => Cow::Owned(format!("{to}{rest}")),
                _ => Cow::Borrowed(facts.path),
            }),
            Rewrite::Template(template) => template.path(facts).map(Cow::Owned),
            Rewrite::Pattern(pattern) => Some(pattern.apply(facts.path)),
        }
    }
}

/// A regular expression over whole canonical paths, and what becomes of those that fit.
/// The engine is linear in the length of the path, whatever the pattern.
#[derive(Clone, Debug)]
pub struct Pattern {
    fits: Regex,
    to: Vec<Piece>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Piece {
    Text(Box<str>),
    Group(usize),
}

impl Pattern {
    /// Reads a pattern and its target, in which `{1}` or `{name}` is a group.
    ///
    /// # Errors
    /// Which of the two is wrong, and why.
    pub fn parse(pattern: &str, to: &str) -> Result<Pattern, PatternError> {
        let whole = format!("^(?:{pattern})$");
        let built = regex::RegexBuilder::new(&whole).size_limit(MAX_PATTERN_BYTES).build();
        let fits = built.map_err(|error| PatternError::Pattern(words(&error)))?;
        let names: Vec<Option<&str>> = fits.capture_names().collect();
        let group = |name: &str| {
            let number = name.parse().ok().filter(|number| *number < names.len());
            number.or_else(|| names.iter().position(|known| *known == Some(name)))
        };
        if let Some(foreign) = dollar(to) {
            return Err(PatternError::Target(format!("`${foreign}` would stand as it is; a group is `{{{foreign}}}`")));
        }
        let pieces = braces::pieces(to).map_err(PatternError::Target)?;
        let read = pieces.into_iter().map(|piece| match piece {
            braces::Piece::Text(text) => Ok(Piece::Text(text)),
            braces::Piece::Reference(name) => group(name)
                .map(Piece::Group)
                .ok_or_else(|| PatternError::Target(format!("`{{{name}}}` is not a group of the pattern"))),
        });
        let to = read.collect::<Result<Vec<_>, _>>()?;
        Ok(Pattern { fits, to })
    }

    fn apply<'a>(&self, path: &'a str) -> Cow<'a, str> {
        let Some(groups) = self.fits.captures(path) else { return Cow::Borrowed(path) };
        let mut out = String::with_capacity(path.len());
        for piece in &self.to {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Group(number) => out.push_str(groups.get(*number).map_or("", |group| group.as_str())),
            }
        }
        Cow::Owned(out)
    }
}

/// The group that a text speaks of as other programs spell it: `$1`, `\1`.
fn dollar(to: &str) -> Option<&str> {
    let rest = to.split_once(['$', '\\'])?.1.trim_start_matches('{');
    let end = rest.find(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// What is wrong with a pattern.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatternError {
    /// It is no regular expression, or too large a one.
    #[error("{0}")]
    Pattern(String),
    /// Its target speaks of what it does not catch.
    #[error("{0}")]
    Target(String),
}

/// The engine's complaint in one line: the rest of it draws the pattern.
fn words(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too large".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::{Pattern, PatternError, Rewrite};
    use crate::traffic::template::Facts;

    fn rewritten(rewrite: &Rewrite, path: &str) -> Option<String> {
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let facts =
            Facts { claims: None, path, host: "a", method: "GET", address, request_id: None, certificate: None };
        rewrite.apply(&facts).map(|path| path.into_owned())
    }

    #[test]
    fn a_front_ends_at_a_segment() {
        for (from, to, path, becomes) in [
            ("/v1", "/v2", "/v1/x", "/v2/x"),
            ("/v1", "/v2", "/v1", "/v2"),
            ("/v1", "/v2", "/v1/", "/v2/"),
            ("/v1", "/v2", "/v10/x", "/v10/x"),
            ("/v1", "", "/v1", "/"),
            ("/v1", "", "/v1/x", "/x"),
            ("/a/b", "/c/d/e", "/a/b/f", "/c/d/e/f"),
        ] {
            let rewrite = Rewrite::Front { from: from.into(), to: to.into() };
            assert_eq!(rewritten(&rewrite, path).as_deref(), Some(becomes), "{from} {to} {path}");
        }
    }

    #[test]
    fn a_pattern_is_of_the_whole_path() {
        let pattern = Rewrite::Pattern(Pattern::parse("/u/(?<id>[0-9]+)(/.*)?", "/users{2}/{id}").unwrap());
        assert_eq!(rewritten(&pattern, "/u/7/x").as_deref(), Some("/users/x/7"));
        assert_eq!(rewritten(&pattern, "/u/7").as_deref(), Some("/users/7"));
        assert_eq!(rewritten(&pattern, "/a/u/7").as_deref(), Some("/a/u/7"));
        let either = Rewrite::Pattern(Pattern::parse("/a|/b", "/c").unwrap());
        assert_eq!(rewritten(&either, "/a/x").as_deref(), Some("/a/x"), "the bar is inside");
    }

    #[test]
    fn mistakes_are_told_apart() {
        assert!(matches!(Pattern::parse("(", "/"), Err(PatternError::Pattern(_))));
        assert_eq!(
            Pattern::parse("(?:a{1000}){1000}", "/"),
            Err(PatternError::Pattern("the pattern is too large".to_owned()))
        );
        assert!(matches!(Pattern::parse("/(a)", "/{2}"), Err(PatternError::Target(_))));
        assert!(matches!(Pattern::parse("/(a)", "/{"), Err(PatternError::Target(_))));
    }

    impl PartialEq for Pattern {
        fn eq(&self, other: &Pattern) -> bool {
            self.fits.as_str() == other.fits.as_str() && self.to == other.to
        }
    }
}
