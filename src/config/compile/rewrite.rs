//! Another path for the backend: exactly one way to make it, and none that could lead to
//! a path with two readings as far as the file alone shows. What only a request shows is
//! looked at again when it comes.

use crate::access::path::CanonicalPath;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::template::{KeptClaims, Words};
use crate::config::document::traffic::{RegexDocument, ReplacePrefixDocument, RewriteDocument};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::traffic::rewrite::{Pattern, PatternError, Rewrite};
use crate::traffic::template::{Part, Template};

impl Compiler<'_> {
    /// How a route's paths are rewritten.
    pub fn rewrite(
        &mut self,
        written: &At<RewriteDocument>,
        path: &At<String>,
        words: &Words,
        kept: &mut KeptClaims,
    ) -> Option<Rewrite> {
        match &written.value {
            RewriteDocument { replace_prefix: Some(front), path: None, regex: None } => {
                self.replaced(&front.value, path)
            }
            RewriteDocument { replace_prefix: None, path: Some(to), regex: None } => {
                let template = self.path_template(to, words, kept)?;
                self.leads_somewhere(to, &template).then_some(Rewrite::Template(template))
            }
            RewriteDocument { replace_prefix: None, path: None, regex: Some(regex) } => self.pattern_of(&regex.value),
            RewriteDocument { replace_prefix: None, path: None, regex: None } => {
                if !self.damaged(written.place) {
                    let label = "expected `replace_prefix`, `path` or `regex`";
                    self.wrong(Code::MissingKey, written.place, "a rewriting to nothing", label);
                }
                None
            }
            RewriteDocument { .. } => {
                let message = "a path is rewritten in one way";
                self.wrong(Code::Combination, written.place, message, "choose one");
                None
            }
        }
    }

    fn replaced(&mut self, written: &ReplacePrefixDocument, path: &At<String>) -> Option<Rewrite> {
        let from = self.front(&written.from, path);
        let to = written.to.value.as_str();
        let Ok(canonical) = CanonicalPath::parse(to) else {
            self.wrong(Code::WrongValue, written.to.place, format!("`{}` is not a path", written.to), "not a path");
            return None;
        };
        Some(Rewrite::Front { from: from?, to: canonical.as_str().trim_end_matches('/').into() })
    }

    /// The literal front of a route's path, in canonical form and without a slash at its end.
    pub fn front(&mut self, prefix: &At<String>, path: &At<String>) -> Option<Box<str>> {
        let text = prefix.value.trim_end_matches('/');
        let rest = path.value.strip_prefix(text);
        let literal = !text.is_empty() && !text.contains(['*', '{', '}']);
        let canonical = CanonicalPath::parse(text).ok().filter(|_| literal);
        match canonical.filter(|_| rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))) {
            Some(front) => Some(front.as_str().into()),
            None => {
                let message = format!("`{prefix}` is not the front of the route's path");
                let problem = Problem::new(Code::WrongValue, message)
                    .at(self.places(), prefix.place, "not the front")
                    .and(self.places(), path.place, "the path");
                self.report(problem);
                None
            }
        }
    }

    /// Whether the template is a good path when every reference is a plain word.
    fn leads_somewhere(&mut self, written: &At<String>, template: &Template) -> bool {
        let word = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            _ => "x".into(),
        };
        let text: String = template.0.iter().map(word).collect();
        let refused = CanonicalPath::parse(&text).err().map(|why| why.label());
        if let Some(why) = refused {
            let message = format!("`{written}` leads to a path that would be refused ({why})");
            self.wrong(Code::WrongValue, written.place, message, "not a path");
        }
        refused.is_none()
    }

    fn pattern_of(&mut self, written: &RegexDocument) -> Option<Rewrite> {
        if !written.to.value.starts_with(['/', '{']) {
            let message = format!("`{}` does not begin with `/`", written.to);
            self.wrong(Code::WrongValue, written.to.place, message, "not a path");
            return None;
        }
        match Pattern::parse(&written.pattern.value, &written.to.value) {
            Ok(pattern) => Some(Rewrite::Pattern(pattern)),
            Err(PatternError::Pattern(why)) => {
                let message = format!("`{}` is not a pattern: {why}", written.pattern);
                self.wrong(Code::WrongValue, written.pattern.place, message, "not a regular expression");
                None
            }
            Err(PatternError::Target(why)) => {
                self.wrong(Code::WrongValue, written.to.place, why, "expected text with groups such as {1}");
                None
            }
        }
    }
}
