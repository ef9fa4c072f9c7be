//! The endpoints an issuer may serve, by kind. Where each stands, and whether it is
//! served at all, is the dialect's to say; what it answers is `oauth`'s.

use schemars::JsonSchema;
use serde::Deserialize;

/// An endpoint of one of our issuers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndpointRef {
    /// Index in the snapshot's issuers.
    pub issuer: usize,
    /// Which of its endpoints.
    pub endpoint: Endpoint,
    /// Number of the seat in the issuer's dialect.
    pub seat: usize,
}

/// The endpoints an issuer serves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7009.
    Revoke,
    /// RFC 7662.
    Introspect,
    /// RFC 7517 §5.
    Jwks,
    /// RFC 8414 §3.
    Metadata,
    /// What the bearer of a token may know of it.
    Info,
}
