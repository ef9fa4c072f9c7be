//! One route as the operator said it, compiled. Which route a request belongs to is
//! `table`'s business; what the edge does after the permit is `snapshot`'s.

use std::sync::Arc;

use crate::access::rule::AccessLine;
use crate::dialect::knobs::BodyType;
use crate::dialect::token_header::TokenHeader;

/// A route.
#[derive(Clone, Debug)]
pub struct Route {
    /// Its place in the snapshot: index of its metrics and of its forwarding plan.
    pub index: usize,
    /// Its name in the file, or its path where it has none.
    pub name: Arc<str>,
    /// Its path pattern as the file writes it.
    pub pattern: Arc<str>,
    /// Tried in order; no fitting line is 405.
    pub access: Vec<AccessLine>,
    /// Indexes of the token profiles it takes.
    pub issuers: Vec<usize>,
    /// Where a token may stand besides `Authorization: Bearer`.
    pub presentation: Presentation,
    /// The types that the body of a POST, PUT or PATCH may have; empty: any.
    pub bodies: Vec<BodyType>,
    /// Audience this route asks for instead of its issuers' own; empty: theirs.
    pub audience: Vec<Box<str>>,
}

/// Further places of a token (RFC 6750 §2.2, §2.3), off unless the route says so.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Presentation {
    /// The query parameters that may hold it.
    pub query: Vec<Box<str>>,
    /// The schemes of `Authorization`; empty: `Bearer`.
    pub schemes: Vec<Box<str>>,
    /// Further headers that may hold it.
    pub headers: Vec<TokenHeader>,
    /// The form fields that may hold it.
    pub form: Vec<Box<str>>,
    /// The WebSocket subprotocol behind which it may stand.
    pub subprotocol: Option<Box<str>>,
}
