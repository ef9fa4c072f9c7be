//! `assertions:` of an issuer, as it is written: which JWTs of others it believes (RFC
//! 7523), and public keys in a file or in the configuration itself.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::shape::ShapeDocument;
use crate::config::source::at::At;

/// Which JWTs of others are believed.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Assertions")]
pub struct AssertionsDocument {
    /// Who may vouch for people, by the jwt-bearer grant.
    pub trusted: Option<At<Vec<At<TrustedDocument>>>>,
    /// One of these must be in `aud`; default the url and the token endpoints.
    pub audience: Option<At<OneOrMany>>,
    /// The farthest that `exp` may be away; default 5m, at most 1h.
    pub max_lifetime: Option<At<TimeSpan>>,
    /// How far other clocks may be off; default 30s.
    pub leeway: Option<At<TimeSpan>>,
}

/// Somebody who may vouch for people.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "TrustedIssuer")]
pub struct TrustedDocument {
    /// Its `iss`, compared byte by byte.
    pub issuer: At<String>,
    /// Its public keys.
    pub jwks: At<KeySetDocument>,
}

/// Public keys (RFC 7517 section 5): exactly one key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "KeySet")]
pub struct KeySetDocument {
    /// A JWK Set in a file.
    pub file: Option<At<String>>,
    /// The keys themselves.
    pub keys: Option<At<ShapeDocument>>,
}
