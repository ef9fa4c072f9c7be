//! Scope names: spelt as RFC 6749 allows, and defined by an issuer that is meant. A scope of
//! a foreign issuer is taken as it is, since only that issuer knows its catalogue.

use crate::config::compile::compiler::Compiler;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::token::scope::{Scope, Scopes};

/// The scopes that may be named somewhere.
pub(super) enum Catalogue<'a> {
    /// These.
    Closed(Vec<&'a Scope>),
    /// Any: a foreign issuer defines them.
    Open,
}

impl Compiler<'_> {
    /// One scope that is well spelt and defined.
    pub fn scope(&mut self, name: &At<impl AsRef<str>>, catalogue: &Catalogue<'_>, whose: &str) -> Option<Scope> {
        let scope = self.spelt_scope(name.value.as_ref(), name.place)?;
        let Catalogue::Closed(known) = catalogue else { return Some(scope) };
        if known.contains(&&scope) {
            return Some(scope);
        }
        let shown = if self.places().hidden(name.place) { "***" } else { scope.as_str() };
        let mut problem = Problem::new(Code::UndefinedScope, format!("scope `{shown}` is not defined by {whose}")).at(
            self.places(),
            name.place,
            "no such scope",
        );
        let names = known.iter().map(|scope| scope.as_str());
        problem = match closest(scope.as_str(), names.clone()) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None if known.is_empty() => problem.help("define it under the issuer's `scopes:`"),
            None => problem.note(format!("defined: {}", names.collect::<Vec<_>>().join(", "))),
        };
        self.report(problem);
        None
    }

    /// Several of them, in order.
    pub fn scopes<'n>(
        &mut self,
        names: impl Iterator<Item = &'n At<String>>,
        catalogue: &Catalogue<'_>,
        whose: &str,
    ) -> Scopes {
        names.filter_map(|name| self.scope(name, catalogue, whose)).collect()
    }

    /// One scope that is well spelt. What came from a secret is not repeated.
    pub fn spelt_scope(&mut self, name: &str, place: Place) -> Option<Scope> {
        let scope = Scope::parse(name);
        if scope.is_none() {
            let hidden = self.places().hidden(place);
            let message = if hidden { "not a scope".to_owned() } else { format!("`{name}` is not a scope") };
            let label = "expected printable ASCII without blanks, quotes and backslashes";
            self.wrong(Code::WrongValue, place, message, label);
        }
        scope
    }
}
