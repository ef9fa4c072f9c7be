//! What a route asks of a token. A rule is a handful of bit sets: `any_of` is a list
//! of alternatives, each of which asks for all of its scopes; `scopes: [a, b]` is
//! the list with one alternative. Public has to be said, never inferred.

use crate::token::scope::{ScopeSet, Scopes};

/// One access line's demand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Rule {
    /// Anybody may pass, with or without a token.
    Public,
    /// A valid token that covers one of the alternatives; an empty alternative is
    /// covered by any valid token.
    Bearer(Vec<Alternative>),
    /// The same, and the token must be a person's, not that of a client for itself.
    Person(Vec<Alternative>),
    /// An application as itself, without a token; or a valid token that covers one of the
    /// alternatives. Without an alternative no token will do.
    Application(Vec<Alternative>),
}

/// Scopes that are asked for together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alternative {
    /// As bits, for the check.
    pub set: ScopeSet,
    /// As names, for the challenge.
    pub names: Scopes,
}

/// Methods and what they ask: the first line whose methods fit decides.
#[derive(Clone, Debug)]
pub struct AccessLine {
    /// Upper-case methods; empty means every method.
    pub methods: Vec<http::Method>,
    /// What is asked.
    pub rule: Rule,
}
