//! The one reader of texts with references in braces: `user {sub}`. What a reference may
//! name is each reader's own business; where it begins and ends, and that `{{` and `}}`
//! are the characters themselves, is the same everywhere.

/// A piece of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<'a> {
    /// As it stands, never empty.
    Text(Box<str>),
    /// What stands between two braces.
    Reference(&'a str),
}

/// Takes a text apart. No two texts follow one another.
///
/// # Errors
/// A brace without its other half, in the operator's words.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, String> {
    let mut out = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        plain.push_str(before);
        if from.starts_with("{{") || from.starts_with("}}") {
            plain.push_str(&from[..1]);
            rest = &from[2..];
            continue;
        }
        let inside = from.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let (inside, after) = inside.ok_or("a brace without its other half; write {{ or }} for the character")?;
        if !plain.is_empty() {
            out.push(Piece::Text(std::mem::take(&mut plain).into()));
        }
        out.push(Piece::Reference(inside));
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        out.push(Piece::Text(plain.into()));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn texts_and_references_alternate() {
        let text = |text: &str| Piece::Text(text.into());
        assert_eq!(pieces(""), Ok(vec![]));
        assert_eq!(pieces("{{x}}"), Ok(vec![text("{x}")]));
        let pieces = pieces("a{b}{c|d(e)} {{{f}").unwrap();
        assert_eq!(
            pieces,
            [text("a"), Piece::Reference("b"), Piece::Reference("c|d(e)"), text(" {"), Piece::Reference("f")]
        );
    }

    #[test]
    fn a_lonely_brace_is_a_mistake() {
        for text in ["{a", "a}", "{{a}", "{a}}"] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }
}
