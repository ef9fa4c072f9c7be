//! A header in which an old system's clients present their token, in place of
//! `Authorization`. What stands there is a credential like any other: one place, one
//! token, and it ends at the gateway unless the route keeps credentials.

use http::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

/// A header that may hold a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenHeader {
    /// Its name.
    pub name: HeaderName,
    /// What stands before the token; `None`: the whole value is the token.
    pub scheme: Option<Box<str>>,
    /// Whether clients should still use it.
    pub usage: HeaderUsage,
}

/// Whether clients should still present tokens in a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderUsage {
    /// It is the system's own way.
    #[default]
    Ordinary,
    /// It is taken, and the operator hears of each client that uses it.
    Deprecated,
}
