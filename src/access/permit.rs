//! The evidence that a request may pass. Forwarding asks for one, and only this
//! folder can make one: the field is private and there is no other constructor.

use std::sync::Arc;

use crate::access::bearer::Place;
use crate::access::route::Route;
use crate::access::rule::Rule;
use crate::token::claims::Claims;

/// The right to forward one request.
#[derive(Clone, Debug)]
pub struct Permit {
    route: Arc<Route>,
    /// Index of the access line that was asked.
    line: usize,
    claims: Option<Arc<Claims>>,
    place: Option<Place>,
}

impl Permit {
    pub(in crate::access) fn new(route: Arc<Route>, line: usize, claims: Option<Arc<Claims>>) -> Permit {
        Permit { route, line, claims, place: None }
    }

    /// The same for a token that stood there.
    pub(in crate::access) fn presented(self, place: Place) -> Permit {
        Permit { place: Some(place), ..self }
    }

    /// Where the token stood; `None` on a public line.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// What was asked; `None`: the route has no such line, which cannot be.
    pub(in crate::access) fn rule(&self) -> Option<&Rule> {
        self.route.access.get(self.line).map(|line| &line.rule)
    }

    /// The route that was judged, and must be the one that is forwarded.
    pub fn route(&self) -> &Arc<Route> {
        &self.route
    }

    /// Who passes; `None` on a public line.
    pub fn claims(&self) -> Option<&Arc<Claims>> {
        self.claims.as_ref()
    }
}
