//! What a route does with traffic, as it is written: split, mirror, rewrite, header
//! lines of answers, origins, compression, maintenance. None of it decides who may pass.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::share::Share;
use crate::config::document::size::ByteSize;
use crate::config::source::at::At;

/// Shares of a route's requests that go to other upstreams than its own.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Split")]
pub struct SplitDocument {
    /// What keeps a caller on his way: sub, client_id, claims.NAME, header.NAME, address,
    /// or cookie, which the gateway sets. Who has no such thing goes by his address.
    pub key: At<String>,
    /// Upstreams with their shares, such as 0.05 or 5%; the rest stays with `upstream`.
    pub to: At<Named<At<Share>>>,
    /// Another text chooses other callers for the same shares.
    pub salt: Option<At<String>>,
}

/// A copy of some requests for a second upstream, whose answers are dropped.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mirror")]
pub struct MirrorDocument {
    /// Who gets the copies.
    pub upstream: At<String>,
    /// Share of the requests, such as 0.1 or 10%; default all.
    pub share: Option<At<Share>>,
    /// Requests with a larger body are not copied; default 64KiB.
    pub max_body: Option<At<ByteSize>>,
}

/// Another path for the backend; one of these.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Rewrite")]
pub struct RewriteDocument {
    /// Another front.
    pub replace_prefix: Option<At<ReplacePrefixDocument>>,
    /// A whole path with {path.NAME}, {path.rest}, {sub}, {client_id}, {claims.NAME}.
    pub path: Option<At<String>>,
    /// A regular expression over the whole path.
    pub regex: Option<At<RegexDocument>>,
}

/// Another front of the path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ReplacePrefix")]
pub struct ReplacePrefixDocument {
    /// What the route's path begins with.
    pub from: At<String>,
    /// What it begins with for the backend.
    pub to: At<String>,
}

/// A pattern of paths and what becomes of those that fit.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RegexRewrite")]
pub struct RegexDocument {
    /// Fits whole paths; without look-around and back references, so it is never slow.
    #[serde(rename = "match")]
    pub pattern: At<String>,
    /// The new path; {1} or {NAME} is a group of the pattern.
    pub to: At<String>,
}

/// Somewhere else.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RouteRedirect")]
pub struct RedirectDocument {
    /// A URL with {path}, {path.NAME}, {path.rest} or {host}; the caller's query follows.
    pub to: At<String>,
    /// 301, 302, 303, 307 or 308; default 308.
    pub status: Option<At<u64>>,
}

/// Always the same.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RouteAnswer")]
pub struct AnswerDocument {
    /// 200 to 599; default 200.
    pub status: Option<At<u64>>,
    /// The body; default none.
    pub body: Option<At<String>>,
    /// The type of the body; default text/plain; charset=utf-8.
    #[serde(rename = "type")]
    pub media: Option<At<String>>,
}

/// Header lines of every answer of a route, the gateway's own refusals included.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Response")]
pub struct ResponseDocument {
    /// Set in place of what the backend says: text with the references of `forward`.
    #[serde(default)]
    pub headers: Named<At<String>>,
    /// Set beside what the backend says.
    #[serde(default)]
    pub add: Named<At<String>>,
    /// Removed.
    #[serde(default)]
    pub remove: OneOrMany,
}

/// Web pages of other origins that may call a route (the CORS protocol).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cors")]
pub struct CorsDocument {
    /// Origins such as `https://app.example.com` or `https://*.example.com`; or "*" alone.
    pub origins: At<OneOrMany>,
    /// Methods of scripts; default those of the access lines.
    pub methods: Option<At<OneOrMany>>,
    /// Header lines that scripts may send; default Authorization and Content-Type.
    pub headers: Option<At<OneOrMany>>,
    /// Header lines that scripts may read.
    pub expose: Option<At<OneOrMany>>,
    /// Whether browsers send cookies along; default false.
    pub credentials: Option<At<bool>>,
    /// How long browsers remember a preflight; default 10m.
    pub max_age: Option<At<TimeSpan>>,
}

/// Answers that are made smaller where the caller takes it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Compress")]
pub struct CompressDocument {
    /// zstd, br, gzip; the first is preferred where the caller does not care. Default all.
    pub encodings: Option<At<OneOrMany>>,
    /// Types such as application/json, text/* or application/*+json; default text and JSON.
    pub types: Option<At<OneOrMany>>,
    /// Answers of a known length below this stay as they are; default 1KiB.
    pub min: Option<At<ByteSize>>,
}

/// Closed for a while: 503 with Retry-After.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Maintenance")]
pub struct MaintenanceDocument {
    /// One sentence for people.
    pub message: Option<At<String>>,
    /// When to come back; default 5m.
    pub retry_after: Option<At<TimeSpan>>,
    /// For whom it is open all the same.
    #[serde(default)]
    pub allow: AllowDocument,
}

/// For whom a closed route is open.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "MaintenanceAllow")]
pub struct AllowDocument {
    /// Networks.
    #[serde(default)]
    pub addresses: OneOrMany,
    /// Whoever has one of these, each a scope or a list of scopes.
    pub scopes: Option<At<Vec<At<OneOrMany>>>>,
}
