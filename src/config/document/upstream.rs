//! `upstreams:` as it is written. Timeouts here are inherited by the routes that lead to
//! it.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::fault::FaultWord;
use crate::config::document::health::HealthDocument;
use crate::config::document::listener::TlsVersion;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::percent::Percent;
use crate::config::document::server::ServerDocument;
use crate::config::document::word::{Off, OrBlock};
use crate::config::source::at::At;

/// A group of equal servers.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Upstream")]
pub struct UpstreamDocument {
    /// `http://HOST:PORT`, `https://HOST:PORT`, `unix:/path`, or `builtin:echo`; a block
    /// where a server has a weight.
    pub servers: At<OneOrMany<ServerDocument>>,
    /// What the servers speak: `http1` (default), `http2` (by ALPN, or at once in clear
    /// text), or `auto` (what they agree to by ALPN).
    pub protocol: Option<At<ProtocolName>>,
    /// The `Host` that its servers are asked for (`:authority` in HTTP/2); left out: the one
    /// that the caller asked for.
    pub host: Option<At<String>>,
    /// Which server is asked: `least-requests` (default), `round-robin`, or the same one
    /// for the same key: `hash(sub)`, `hash(client_id)`, `hash(claims.NAME)`,
    /// `hash(header NAME)`, `hash(cookie NAME)`, `hash(address)`.
    pub balance: Option<At<String>>,
    /// How long it may take.
    #[serde(default)]
    pub timeouts: UpstreamTimeouts,
    /// Connections to it.
    #[serde(default)]
    pub pool: PoolDocument,
    /// What may be under way at once; left out: as much as comes.
    #[serde(default)]
    pub limits: UpstreamLimits,
    /// When a request is sent again; `off`: never, but where nothing of it was sent.
    pub retry: Option<At<OrBlock<Off, RetryDocument>>>,
    /// When a server whose requests fail is passed over; `off`: never, but for a moment
    /// when it takes no connection.
    pub eject: Option<At<OrBlock<Off, EjectDocument>>>,
    /// Checks by the gateway itself; left out: none.
    pub health: Option<At<HealthDocument>>,
    /// How long a server that comes, or comes back, takes to its whole share; default 0s.
    pub slow_start: Option<At<TimeSpan>>,
    /// How `https://` servers are spoken to.
    #[serde(default)]
    pub tls: UpstreamTls,
    /// How names become addresses.
    #[serde(default)]
    pub dns: DnsDocument,
}

/// What a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProtocolName {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// HTTP/2 if the server agrees, else HTTP/1.1.
    Auto,
}

/// How long an upstream may take.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTimeouts {
    /// To connect, TLS included; default 1s.
    pub connect: Option<At<TimeSpan>>,
    /// To begin its answer; default 30s.
    pub first_byte: Option<At<TimeSpan>>,
    /// Between two pieces of its answer; default 60s.
    pub idle: Option<At<TimeSpan>>,
    /// From the request's head to the answer's last byte, retries included; left out: as
    /// long as pieces come.
    pub total: Option<At<TimeSpan>>,
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

/// Bounds over all workers. At a bound a request waits or goes to another server, and
/// is answered 503 when neither helps.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamLimits {
    /// Connections of all servers together.
    pub connections: Option<At<u64>>,
    /// Requests under way to all servers together.
    pub requests: Option<At<u64>>,
    /// Requests that wait for a connection; 0: none waits.
    pub pending: Option<At<u64>>,
    /// Connections of one server.
    pub server_connections: Option<At<u64>>,
    /// Requests under way to one server.
    pub server_requests: Option<At<u64>>,
}

/// When a request is sent again. Only one of which nothing was sent, or that has no body
/// and a method that may be repeated (RFC 9110, 9.2.2).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Retry")]
pub struct RetryDocument {
    /// Tries after the first; default 2.
    pub attempts: Option<At<u64>>,
    /// After what: `connect-failure`, `reset`, `timeout`, a status from 500 to 599, `5xx`;
    /// default connect-failure and reset.
    pub on: Option<At<OneOrMany<FaultWord>>>,
    /// What all retries together may add.
    #[serde(default)]
    pub budget: BudgetDocument,
}

/// What retries may add to the load of an upstream.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RetryBudget")]
pub struct BudgetDocument {
    /// Retries as a share of the requests of the last seconds; default 20%.
    pub share: Option<At<Percent>>,
    /// Retries a second besides; default 10.
    pub per_second: Option<At<u64>>,
}

/// When a server is passed over.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Eject")]
pub struct EjectDocument {
    /// After so many failures in a row; default 5.
    pub failures: Option<At<u64>>,
    /// What is a failure: `connect-failure`, `reset`, `timeout`, a status from 500 to 599,
    /// `5xx`; default all but the statuses that an application gives: 502, 503 and 504 only.
    pub on: Option<At<OneOrMany<FaultWord>>>,
    /// For how long the first time, twice as long each time it happens again soon; default 10s.
    #[serde(rename = "for")]
    pub first: Option<At<TimeSpan>>,
    /// At most so long; default 5m.
    pub longest: Option<At<TimeSpan>>,
    /// The largest share of the servers that may be passed over, but always one; default 50%.
    pub max_share: Option<At<Percent>>,
}

/// TLS towards servers. Their certificates are checked unless `verify` says no.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpstreamTls {
    /// PEM file of the authorities that are believed; left out: those of Mozilla's list.
    pub ca: Option<At<String>>,
    /// The name the certificate must have; left out: the server's host.
    pub server_name: Option<At<String>>,
    /// PEM file of the gateway's own certificate chain, for servers that ask for one.
    pub cert: Option<At<String>>,
    /// PEM file of its key.
    pub key: Option<At<String>>,
    /// The oldest version that is spoken; default "1.2".
    pub min_version: Option<At<TlsVersion>>,
    /// `false`: any certificate will do, so anybody can be the server. Default true.
    pub verify: Option<At<bool>>,
}

/// How names become addresses. Names are looked up beside the requests; a look-up that
/// fails keeps the addresses of the one before.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Dns")]
pub struct DnsDocument {
    /// How often a name is looked up; default 30s.
    pub refresh: Option<At<TimeSpan>>,
}
