//! Path patterns of routes: literal segments, `*` or `{name}` for one segment, and
//! `**` at the end for whatever follows, nothing included. Literals are compared by
//! their meaning, escapes decoded, as `path` decodes a request's.

use crate::access::path::{CanonicalPath, meaning};

/// Most segments of a pattern.
pub const MAX_SEGMENTS: usize = 64;

/// A parsed pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PathPattern {
    pub(in crate::access) segments: Vec<Segment>,
    pub(in crate::access) end: End,
}

/// What one segment asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::access) enum Segment {
    /// This one.
    Literal(Box<str>),
    /// Any one that is not empty.
    One,
}

/// What may follow the segments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::access) enum End {
    /// Nothing.
    Exact,
    /// Anything, or nothing.
    Rest,
}

impl PathPattern {
    /// Reads `/a/*/b/{name}/**`; the error says what is wrong and what would be right.
    pub fn parse(text: &str) -> Result<PathPattern, String> {
        let inner = text.strip_prefix('/').ok_or_else(|| format!("path `{text}` does not begin with `/`"))?;
        let (inner, end) = match inner.strip_suffix("**") {
            Some("") => return Ok(PathPattern { segments: Vec::new(), end: End::Rest }),
            Some(before) => match before.strip_suffix('/') {
                Some(before) => (before, End::Rest),
                None => return Err(format!("`**` in path `{text}` has to be a whole segment")),
            },
            None => (inner, End::Exact),
        };
        let parts: Vec<&str> = inner.split('/').collect();
        if parts.len() > MAX_SEGMENTS {
            return Err(format!("path `{text}` has more than {MAX_SEGMENTS} segments"));
        }
        let last = parts.len() - 1;
        let mut names: Vec<&str> = Vec::new();
        let mut segments = Vec::with_capacity(parts.len());
        for (i, part) in parts.into_iter().enumerate() {
            let may_be_empty = i == last && end == End::Exact;
            segments.push(segment(text, part, may_be_empty)?);
            if part.starts_with('{') {
                if names.contains(&part) {
                    return Err(format!("path `{text}` names `{part}` twice"));
                }
                names.push(part);
            }
        }
        Ok(PathPattern { segments, end })
    }
}

fn segment(path: &str, part: &str, may_be_empty: bool) -> Result<Segment, String> {
    match part {
        "" if may_be_empty => return Ok(Segment::Literal("".into())),
        "" => return Err(format!("path `{path}` has an empty segment")),
        "*" => return Ok(Segment::One),
        "**" => return Err(format!("`**` in path `{path}` is allowed only at the end")),
        _ => {}
    }
    if let Some(name) = part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        return if word { Ok(Segment::One) } else { Err(format!("`{part}` in path `{path}` is not a name in braces")) };
    }
    if part.contains(['*', '{', '}']) {
        return Err(format!("`{part}` in path `{path}` mixes text and wildcard; a wildcard is a whole segment"));
    }
    let slashed = format!("/{part}");
    let literal = CanonicalPath::parse(&slashed)
        .map_err(|why| format!("`{part}` in path `{path}` would be refused in a request ({})", why.label()))?;
    Ok(Segment::Literal(meaning(&literal.as_str()[1..]).into()))
}

#[cfg(test)]
mod tests {
    use super::{End, PathPattern, Segment};

    #[test]
    fn shapes() {
        let literal = |text: &str| Segment::Literal(text.into());
        let cases = [
            ("/", vec![literal("")], End::Exact),
            ("/**", vec![], End::Rest),
            ("/a", vec![literal("a")], End::Exact),
            ("/a/", vec![literal("a"), literal("")], End::Exact),
            ("/a/**", vec![literal("a")], End::Rest),
            ("/a/*/b/{id}", vec![literal("a"), Segment::One, literal("b"), Segment::One], End::Exact),
            ("/caf%c3%a9/%61", vec![literal("caf\u{e9}"), literal("a")], End::Exact),
        ];
        for (text, segments, end) in cases {
            assert_eq!(PathPattern::parse(text), Ok(PathPattern { segments, end }), "{text}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let cases = [
            ("", "does not begin"),
            ("a", "does not begin"),
            ("/a//b", "empty segment"),
            ("/a//**", "empty segment"),
            ("//**", "empty segment"),
            ("/a**", "whole segment"),
            ("/**/a", "only at the end"),
            ("/a/***", "whole segment"),
            ("/a*b", "mixes"),
            ("/a{b}", "mixes"),
            ("/{a", "mixes"),
            ("/{}", "not a name"),
            ("/{a b}", "not a name"),
            ("/{a}/{a}", "twice"),
            ("/../a", "path_dot_segment"),
            ("/a;b", "path_semicolon"),
            ("/a%2fb", "path_encoded_slash"),
        ];
        for (text, what) in cases {
            let error = PathPattern::parse(text).unwrap_err();
            assert!(error.contains(what), "{text}: {error}");
        }
    }
}
