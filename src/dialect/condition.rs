//! Everything that can be wrong, in words of our own. A dialect maps each to its
//! status, code and text; the match is total, so a new condition cannot reach the
//! wire unmapped. Public words only: private detail goes to the audit log.

use crate::clock::Seconds;
use crate::token::scope::Scopes;

/// Why a token, revocation or introspection request is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// No `grant_type`.
    MissingGrant,
    /// A `grant_type` this issuer does not serve.
    UnsupportedGrant,
    /// The client may not use this grant.
    GrantNotAllowed,
    /// A required parameter is absent.
    MissingParameter(&'static str),
    /// A parameter has a value that cannot be.
    BadParameter(&'static str),
    /// A parameter is given more than once (RFC 6749 §3.2).
    DuplicateParameter(String),
    /// The body is not what its type says: broken percent-encoding, not UTF-8.
    MalformedBody(&'static str),
    /// The body's type is not one this endpoint reads.
    WrongContentType,
    /// The endpoint does not answer this method; `Allow` names those it does.
    WrongMethod(&'static str),
    /// No client named itself.
    ClientMissing,
    /// Unknown client, wrong secret or disabled: one answer for all.
    ClientBad,
    /// Two different client credentials in one request.
    ClientConflict,
    /// Unknown user, wrong password or disabled: one answer for all.
    UserBad,
    /// The refresh token is unknown, expired, revoked or somebody else's.
    RefreshBad,
    /// The refresh token was used before; its family is dead now.
    RefreshReplayed,
    /// A scope that is not a scope, or not this client's, or not the user's to give.
    ScopeBad,
    /// Too many tries; come back after so long.
    TooMany(Seconds),
    /// The request is larger than this endpoint reads.
    TooLarge,
    /// The store, or the hashing pool, cannot answer now.
    Unavailable(Seconds),
    /// A fault of ours.
    Internal,
}

/// Why a request to the API is refused, as the caller is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Challenge {
    /// No route: 404.
    NotFound,
    /// The route has no access line for this method: 405, with `Allow`.
    MethodNotAllowed(String),
    /// No credential: 401 without an error code (RFC 6750 §3.1).
    TokenMissing,
    /// Two credentials, or one that is not one: 400 `invalid_request`.
    RequestBad(&'static str),
    /// The token is not valid, whatever the reason: 401 `invalid_token`.
    TokenBad(&'static str),
    /// The token lacks scopes: 403 `insufficient_scope`, naming them.
    ScopeMissing(Scopes),
    /// It cannot be told whether the token is valid: 503.
    CannotTell(Seconds),
}
