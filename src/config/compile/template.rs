//! Values with references: text with `{sub}`, `{claims.NAME}`, `{path.NAME}` and their
//! like. What a reference may name depends on where the value stands: a route knows the
//! names of its own path, the defaults know none.

use crate::config::compile::compiler::Compiler;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::traffic::rules::Identified;
use crate::traffic::template::{Part, Template};

/// The claims that some template speaks of, each kept with a verified token.
#[derive(Default)]
pub(super) struct KeptClaims(pub Vec<Box<str>>);

impl KeptClaims {
    /// The place of a claim in the list.
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

/// What a template may speak of besides the token.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// Named segments of the route's path, by index; `None` in the defaults.
    names: Option<Vec<(Box<str>, usize)>>,
    /// Where `**` stands.
    rest: Option<usize>,
    request_id: Identified,
}

impl Words {
    /// The same without the names of the route's path, for what the defaults say.
    pub fn for_defaults(&self) -> Words {
        Words { names: None, rest: None, request_id: self.request_id }
    }

    /// Those of a route with this path.
    pub fn of_path(path: &str, request_id: Identified) -> Words {
        let mut words = Words { names: Some(Vec::new()), rest: None, request_id };
        for (index, part) in path.strip_prefix('/').unwrap_or(path).split('/').enumerate() {
            if part == "**" {
                words.rest = Some(index);
            } else if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
                words.names.get_or_insert_default().push((name.into(), index));
            }
        }
        words
    }

    /// What a reference of a header's value means.
    fn header(&self, name: &str, kept: &mut KeptClaims) -> Result<Part, String> {
        match name {
            "scope" => Ok(Part::Scope),
            "path" => Ok(Part::Path),
            "host" => Ok(Part::Host),
            "method" => Ok(Part::Method),
            "remote_addr" => Ok(Part::RemoteAddress),
            "certificate.subject" => Ok(Part::CertificateSubject),
            "certificate.san" => Ok(Part::CertificateNames),
            "certificate.fingerprint" => Ok(Part::CertificateFingerprint),
            "request_id" if self.request_id == Identified::No => {
                Err("`{request_id}` needs `request_id: true`".to_owned())
            }
            "request_id" => Ok(Part::RequestId),
            _ => self.path(name, kept),
        }
    }

    /// What a reference of a path means.
    fn path(&self, name: &str, kept: &mut KeptClaims) -> Result<Part, String> {
        match (name, name.strip_prefix("claims."), name.strip_prefix("path.")) {
            ("sub", ..) => Ok(Part::Subject),
            ("client_id", ..) => Ok(Part::Client),
            (_, Some(claim), _) if !claim.is_empty() => Ok(Part::Kept(kept.index(claim))),
            (_, _, Some(segment)) => self.segment(segment),
            _ => Err(format!("`{{{name}}}` is not known")),
        }
    }

    fn segment(&self, name: &str) -> Result<Part, String> {
        let Some(names) = &self.names else {
            return Err(format!("`{{path.{name}}}` belongs to one route; the defaults have no path"));
        };
        match names.iter().find(|(known, _)| **known == *name) {
            Some((_, index)) => Ok(Part::Segment(*index)),
            None if name == "rest" => {
                self.rest.map(Part::Rest).ok_or_else(|| "`{path.rest}` needs a path that ends in `**`".to_owned())
            }
            None => Err(format!("the route's path has no `{{{name}}}`")),
        }
    }
}

impl Compiler<'_> {
    /// The value of a header, or a problem with what was meant.
    pub fn template(&mut self, written: &At<String>, words: &Words, kept: &mut KeptClaims) -> Option<Template> {
        let made = match written.value.chars().find(|c| c.is_control() || !c.is_ascii()) {
            Some(bad) => Err(format!("the character {bad:?} cannot stand in a header")),
            None => Template::read(&written.value, |name| words.header(name, kept)),
        };
        let label = "expected text with such as {sub}, {client_id}, {scope}, {claims.NAME} or {path.NAME}";
        self.understood(written, made, label)
    }

    /// A path, or a problem with what was meant.
    pub fn path_template(&mut self, written: &At<String>, words: &Words, kept: &mut KeptClaims) -> Option<Template> {
        let made = Template::read(&written.value, |name| words.path(name, kept));
        self.understood(
            written,
            made,
            "expected a path with {path.NAME}, {path.rest}, {sub}, {client_id} or {claims.NAME}",
        )
    }

    fn understood(&mut self, written: &At<String>, made: Result<Template, String>, label: &str) -> Option<Template> {
        if let Err(why) = &made {
            let why = if self.places().hidden(written.place) { "not a template" } else { why.as_str() };
            self.wrong(Code::WrongValue, written.place, why, label);
        }
        made.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{KeptClaims, Words};
    use crate::traffic::rules::Identified;
    use crate::traffic::template::Part;

    #[test]
    fn a_route_knows_the_names_of_its_path() {
        let words = Words::of_path("/v1/{tenant}/things/{id}/**", Identified::No);
        let mut kept = KeptClaims::default();
        let mut meant = |name| words.header(name, &mut kept);
        assert_eq!(meant("path.tenant"), Ok(Part::Segment(1)));
        assert_eq!(meant("path.id"), Ok(Part::Segment(3)));
        assert_eq!(meant("path.rest"), Ok(Part::Rest(4)));
        assert_eq!(meant("claims.tenant"), Ok(Part::Kept(0)));
        assert_eq!(meant("claims.tenant"), Ok(Part::Kept(0)));
        for wrong in ["path.other", "user", "claims.", "request_id", ""] {
            assert!(meant(wrong).is_err(), "{wrong}");
        }
        assert_eq!(kept.0, vec!["tenant".into()]);
    }

    #[test]
    fn defaults_have_no_path() {
        let words = Words::of_path("/{id}", Identified::Yes).for_defaults();
        let mut kept = KeptClaims::default();
        assert!(words.header("path.id", &mut kept).is_err_and(|why| why.contains("defaults")));
        assert_eq!(words.header("request_id", &mut kept), Ok(Part::RequestId));
        assert!(words.path("request_id", &mut kept).is_err(), "it may hold a slash");
    }
}
