//! `upstreams:` as it is written. Timeouts here are inherited by the routes that lead to
//! it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::source::at::At;

/// A group of equal servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub struct UpstreamDocument {
    /// `http://HOST:PORT`, or `builtin:echo`.
    pub servers: At<Vec<At<String>>>,
    /// How long it may take.
    #[serde(default)]
    pub timeouts: UpstreamTimeouts,
    /// Connections to it.
    #[serde(default)]
    pub pool: PoolDocument,
}

/// How long an upstream may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTimeouts {
    /// To connect; default 1s.
    pub connect: Option<At<TimeSpan>>,
    /// To begin its answer; default 30s.
    pub first_byte: Option<At<TimeSpan>>,
    /// Between two pieces of its answer; default 60s.
    pub idle: Option<At<TimeSpan>>,
}

/// Connections to an upstream, each figure per worker and server.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Pool")]
pub struct PoolDocument {
    /// How long an unused connection is kept; default 60s.
    pub idle: Option<At<TimeSpan>>,
    /// Unused connections that are kept; default 64.
    pub idle_connections: Option<At<u64>>,
    /// Connections at once; default 256.
    pub max_connections: Option<At<u64>>,
}
