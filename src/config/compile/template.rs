//! Values of identity headers: text with `{sub}`, `{client_id}`, `{scope}` and
//! `{claims.NAME}`; `{{` and `}}` are the characters themselves.

use crate::config::compile::compiler::Compiler;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::snapshot::{Part, Template};

/// The claims that some template speaks of, each kept with a verified token.
#[derive(Default)]
pub(super) struct KeptClaims(pub Vec<Box<str>>);

impl KeptClaims {
    /// The index of a claim, which is kept from now on.
    pub fn index(&mut self, name: &str) -> usize {
        match self.0.iter().position(|kept| &**kept == name) {
            Some(index) => index,
            None => {
                self.0.push(name.into());
                self.0.len() - 1
            }
        }
    }
}

impl Compiler<'_> {
    /// A template, or a problem with what was meant.
    pub fn template(&mut self, written: &At<String>, kept: &mut KeptClaims) -> Option<Template> {
        let made = parse(&written.value, kept);
        if let Err(why) = &made {
            let why = if self.places().hidden(written.place) { "not a template" } else { why.as_str() };
            let label = "expected text with {sub}, {client_id}, {scope} or {claims.NAME}";
            self.wrong(Code::WrongValue, written.place, why, label);
        }
        made.ok()
    }
}

fn parse(text: &str, kept: &mut KeptClaims) -> Result<Template, String> {
    if let Some(bad) = text.chars().find(|c| c.is_control() || !c.is_ascii()) {
        return Err(format!("the character {bad:?} cannot stand in a header"));
    }
    let mut parts: Vec<Part> = Vec::new();
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
        let (name, after) = inside.ok_or("a brace without its other half; write {{ or }} for the character")?;
        let part = match (name, name.strip_prefix("claims.")) {
            ("sub", _) => Part::Subject,
            ("client_id", _) => Part::Client,
            ("scope", _) => Part::Scope,
            (_, Some(claim)) if !claim.is_empty() => Part::Kept(kept.index(claim)),
            _ => return Err(format!("`{{{name}}}` is not known")),
        };
        if !plain.is_empty() {
            parts.push(Part::Text(std::mem::take(&mut plain).into()));
        }
        parts.push(part);
        rest = after;
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain.into()));
    }
    Ok(Template(parts))
}

#[cfg(test)]
mod tests {
    use super::{KeptClaims, parse};
    use crate::snapshot::{Part, Template};

    #[test]
    fn text_and_references_alternate() {
        let mut kept = KeptClaims::default();
        let made = parse("u={sub}; t={claims.tenant} {{x}}{claims.tenant}", &mut kept);
        assert_eq!(
            made,
            Ok(Template(vec![
                Part::Text("u=".into()),
                Part::Subject,
                Part::Text("; t=".into()),
                Part::Kept(0),
                Part::Text(" {x}".into()),
                Part::Kept(0),
            ]))
        );
        assert_eq!(kept.0, vec!["tenant".into()]);
    }

    #[test]
    fn broken_templates_are_refused() {
        for text in ["{sub", "sub}", "{user}", "{claims.}", "a\nb", "é"] {
            assert!(parse(text, &mut KeptClaims::default()).is_err(), "{text}");
        }
    }
}
