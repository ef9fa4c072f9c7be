//! What a token of one issuer must carry to be an access token here. Ours and
//! foreign issuers have the same kind of profile; the standard one is RFC 9068.

use crate::clock::Seconds;
use crate::token::id::IssuerName;

/// The demands on a token of one issuer.
#[derive(Clone, Debug)]
pub struct TokenProfile {
    /// The key of the issuer in the file.
    pub name: IssuerName,
    /// The exact `iss` (RFC 9068 §4); compared byte by byte.
    pub issuer_url: Box<str>,
    /// One of these must be in `aud`; empty: `aud` is not asked for.
    pub audience: Vec<Box<str>>,
    /// Accepted `typ` headers, lower case without `application/`; RFC 9068: `at+jwt`.
    /// Empty: `jwt`, `at+jwt` or none at all. A token without `typ` counts as `jwt`.
    pub types: Vec<Box<str>>,
    /// Claims that must be present.
    pub require: Vec<Box<str>>,
    /// How far other clocks may be off.
    pub leeway: Seconds,
    /// Tokens of this issuer are opaque: a token that is no JWS is asked for in the
    /// store instead of being malformed.
    pub opaque: bool,
    /// Text every opaque token of this issuer begins with.
    pub opaque_prefix: Box<str>,
}
