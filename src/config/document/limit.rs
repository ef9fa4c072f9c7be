//! `limits:` as it is written: named bounds on what callers may ask of the routes that
//! name them. Two routes that name one limit share what it counts.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::rate::RateText;
use crate::config::source::at::At;

/// A bound on requests: `rate`, or `at_once`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RouteLimit")]
pub struct LimitDocument {
    /// What tells callers apart: address, client_id, sub, claims.NAME, route; several
    /// together are one key. Who has no such claim is told apart by address.
    pub key: At<OneOrMany>,
    /// So many in so long, such as 100/s.
    pub rate: Option<At<RateText>>,
    /// Requests that may come at once when some were saved up; default those of the rate.
    pub burst: Option<At<u64>>,
    /// So many at once; one more is refused.
    pub at_once: Option<At<u64>>,
    /// How answers speak of a rate; default ratelimit.
    pub headers: Option<At<TellingName>>,
}

/// How answers speak of a rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TellingName {
    /// `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`.
    Ratelimit,
    /// `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset`.
    XRatelimit,
    /// `RateLimit-Policy` and `RateLimit`, as the present draft has them.
    Structured,
    /// Not at all; a refusal still says when to come back.
    Off,
}
