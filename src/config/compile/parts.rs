//! What grows while routes are compiled and belongs to all of them. Handed from route to
//! route, so that bits and indexes are the same everywhere in one snapshot.

use std::collections::HashMap;

use http::HeaderName;

use crate::config::compile::template::KeptClaims;
use crate::config::source::place::Place;
use crate::token::scope::{Scope, ScopeTable};
use crate::traffic::limit::Limit;

/// Shared results of all routes.
#[derive(Default)]
pub(super) struct Growing {
    /// Bits of the scopes that rules speak of.
    pub scopes: ScopeTable,
    /// Every scope that a rule asks for.
    pub asked: Vec<Scope>,
    /// Claims that templates speak of.
    pub kept: KeptClaims,
    /// Upstreams that some route leads to.
    pub used_upstreams: Vec<usize>,
    /// The limits of the file.
    pub limits: Vec<Limit>,
    /// Limits that some route is under.
    pub used_limits: Vec<usize>,
    /// Header names by place, `None` for one that cannot be set.
    pub header_names: HashMap<Place, Option<HeaderName>>,
}
