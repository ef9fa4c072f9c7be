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
    /// A `grant_type` that is no grant of any RFC.
    UnknownGrant,
    /// A `grant_type` that is a URI (RFC 6749 §4.5) this issuer does not serve.
    ExtensionGrant,
    /// The client may not use this grant.
    GrantNotAllowed,
    /// A required parameter is absent.
    MissingParameter(Box<str>),
    /// A parameter has a value that cannot be.
    BadParameter(Box<str>),
    /// A parameter is given more than once (RFC 6749 §3.2).
    DuplicateParameter(String),
    /// The body is not what its type says: broken percent-encoding, not UTF-8.
    MalformedBody(&'static str),
    /// A JSON body that is no object, or names something twice.
    MalformedJson,
    /// Parameters in the query of an endpoint that reads its body only.
    QueryRefused,
    /// The body's type is not one this endpoint reads.
    WrongContentType,
    /// The endpoint does not answer this method; `Allow` names those it does.
    WrongMethod(Box<str>),
    /// No client named itself.
    ClientMissing,
    /// Unknown client, wrong secret or disabled: one answer for all.
    ClientBad,
    /// It named itself without its secret, and this grant is for those who have shown one.
    ClientSecretMissing,
    /// Two different client credentials in one request.
    ClientConflict,
    /// Unknown user, wrong password or disabled: one answer for all.
    UserBad,
    /// The right password of somebody who is disabled; told like `UserBad` unless a
    /// dialect has a row for it.
    UserInactive,
    /// The refresh token is unknown, expired, revoked or somebody else's.
    RefreshBad,
    /// Not a refresh token of this issuer's spelling.
    RefreshMalformed,
    /// Its end has passed.
    RefreshExpired,
    /// A newer sign-in of its user took its place; nothing else dies of it.
    RefreshSuperseded,
    /// It was issued to another client.
    RefreshForeign,
    /// A token that nothing can be refreshed with, such as an access token.
    RefreshImpossible,
    /// The refresh token was used before; its family is dead now.
    RefreshReplayed,
    /// The code is unknown, or what it stands on has ended.
    CodeBad,
    /// Its end has passed.
    CodeExpired,
    /// It was sent to another client.
    CodeForeign,
    /// It was used before; what it became is dead now.
    CodeReplayed,
    /// Another redirect URI than that of the request the code answers.
    RedirectMismatch,
    /// The PKCE verifier is wrong, missing, or there was no challenge for it.
    VerifierBad,
    /// A scope that is not a scope, or not this client's, or not the user's to give.
    ScopeBad,
    /// Of what was asked for, nothing can be granted.
    ScopeEmpty,
    /// No bot of that name.
    BotUnknown,
    /// A bot of another client.
    BotForeign,
    /// An assertion that does not vouch for anybody here (RFC 7523 §3.1).
    AssertionBad,
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
    /// No route, and no version of the API that there is.
    VersionBad,
    /// A body of a type that this API does not take: 415.
    MediaBad,
    /// The route has no access line for this method: 405, with `Allow`.
    MethodNotAllowed(String),
    /// No credential: 401 without an error code (RFC 6750 §3.1).
    TokenMissing,
    /// Two credentials, or one that is not one: 400 `invalid_request`.
    RequestBad(&'static str),
    /// The token is not valid, whatever the reason: 401 `invalid_token`.
    TokenBad(Badness),
    /// The token lacks scopes: 403 `insufficient_scope`, naming them.
    ScopeMissing(Scopes),
    /// The token has no user, and this route is for people: 403.
    UserRequired,
    /// It cannot be told whether the token is valid: 503.
    CannotTell(Seconds),
    /// This caller asked too much: 429.
    RateLimited(Seconds),
    /// All callers together did: 503.
    Busy(Seconds),
}

/// What makes a token not valid, as far as a caller may know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Badness {
    /// No token of any spelling.
    Malformed,
    /// Past its end.
    Expired,
    /// Before its beginning.
    NotYet,
    /// Called back.
    Revoked,
    /// Called back with everything of its user.
    UserGone,
    /// A credential, but an application's key and no token.
    WrongKind,
    /// Anything else.
    Invalid,
}

impl Badness {
    /// In a sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Badness::Malformed => "the access token is malformed",
            Badness::Expired => "the access token expired",
            Badness::NotYet => "the access token is not valid yet",
            Badness::Revoked | Badness::UserGone => "the access token was revoked",
            Badness::WrongKind => "an access token is needed, not an application's key",
            Badness::Invalid => "the access token is not valid here",
        }
    }
}
