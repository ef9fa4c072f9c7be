//! Upstreams as the operator described them: who answers, who is asked first, what is
//! bounded and what is tried again. What the servers are like at present (up, ejected,
//! which addresses) is state and stands in `edge::fleet`.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;

use crate::balance::budget::Allowance;
use crate::balance::condition::Conditions;
use crate::balance::ejection::Rule;
use crate::balance::streak::Thresholds;

/// A named group of equal servers.
#[derive(Clone, Debug)]
pub struct Upstream {
    /// Its key in the file.
    pub name: Arc<str>,
    /// At least one.
    pub servers: Vec<Server>,
    /// What they speak.
    pub protocol: Protocol,
    /// The `Host` that they are asked for, in place of the caller's.
    pub host: Option<HeaderValue>,
    /// Which of them is asked.
    pub balancing: Balancing,
    /// Connecting, TLS included; also the wait for a connection at a bound.
    pub connect_timeout: Duration,
    /// Connections kept per worker and server while idle.
    pub pool_idle: usize,
    /// For how long.
    pub pool_idle_timeout: Duration,
    /// Connections at once per worker and server; more requests wait their turn
    /// until the connect timeout, then get 503.
    pub max_connections: usize,
    /// Bounds over all workers.
    pub limits: Limits,
    /// When a request is sent again.
    pub retry: Retry,
    /// When a server whose requests fail is passed over.
    pub ejection: Option<Rule>,
    /// What the gateway asks each server by itself.
    pub health: Option<HealthCheck>,
    /// How long a server that comes back takes to its whole share.
    pub slow_start: Duration,
    /// How often names are looked up.
    pub dns_refresh: Duration,
}

impl Upstream {
    /// These servers and the defaults of the language.
    pub fn of(name: Arc<str>, servers: Vec<Server>) -> Upstream {
        let seconds = Duration::from_secs;
        Upstream {
            name,
            servers,
            protocol: Protocol::Http1,
            host: None,
            balancing: Balancing::LeastRequests,
            connect_timeout: seconds(1),
            pool_idle: 64,
            pool_idle_timeout: seconds(60),
            max_connections: 256,
            limits: Limits::default(),
            retry: Retry::default(),
            ejection: Some(DEFAULT_EJECTION),
            health: None,
            slow_start: Duration::ZERO,
            dns_refresh: seconds(30),
        }
    }
}

/// When servers are passed over unless the file says otherwise.
pub const DEFAULT_EJECTION: Rule = Rule {
    on: Conditions::GATEWAY,
    failures: 5,
    spans: (Duration::from_secs(10), Duration::from_secs(300)),
    max_percent: 50,
};

/// One server of an upstream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Where it is.
    pub site: Site,
    /// Its share of the requests beside the others'; at least 1.
    pub weight: u32,
    /// How it is spoken to; `None`: in clear text.
    pub tls: Option<ClientTls>,
}

/// Where a server is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Site {
    /// `http://HOST:PORT`, `https://HOST:PORT`.
    Network {
        /// Name or address, IPv6 without brackets.
        host: Box<str>,
        /// Port.
        port: u16,
    },
    /// `unix:/path`.
    Unix(Box<Path>),
    /// `builtin:echo`: answers with what it got, for trying things out.
    Echo,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Site::Network { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Site::Network { host, port } => write!(f, "{host}:{port}"),
            Site::Unix(path) => write!(f, "unix:{}", path.display()),
            Site::Echo => f.write_str("builtin:echo"),
        }
    }
}

/// TLS towards one server.
#[derive(Clone)]
pub struct ClientTls {
    /// For handshakes.
    pub config: Arc<ClientConfig>,
    /// The name its certificate must have.
    pub name: ServerName<'static>,
    /// A digest of everything `config` was made of: what is equal need not be connected
    /// to again after a reload.
    pub identity: [u8; 32],
}

impl PartialEq for ClientTls {
    fn eq(&self, other: &ClientTls) -> bool {
        (&self.name, &self.identity) == (&other.name, &other.identity)
    }
}

impl Eq for ClientTls {}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a server is spoken to in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: by ALPN inside TLS, by prior knowledge in clear text (RFC 9113 §3.3).
    Http2,
    /// HTTP/2 where a server agrees to it by ALPN, else HTTP/1.1.
    Auto,
}

/// Which server is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Balancing {
    /// The less busy one of two.
    LeastRequests,
    /// One after the other.
    RoundRobin,
    /// The same one for the same key.
    Hash(KeySource),
}

/// Where the key of a consistent hash stands in a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// `sub` of the token.
    Subject,
    /// `client_id` of the token.
    Client,
    /// A claim: index in the policy's list of kept claims.
    Claim(usize),
    /// A header of the request.
    Header(HeaderName),
    /// A cookie of the request.
    Cookie(Box<str>),
    /// The caller's address.
    Address,
}

/// Bounds over all workers; `None`: none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// Connections of all servers.
    pub connections: Option<usize>,
    /// Requests under way to all servers.
    pub requests: Option<usize>,
    /// Requests that wait for a connection.
    pub pending: Option<usize>,
    /// Connections of one server.
    pub server_connections: Option<usize>,
    /// Requests under way to one server.
    pub server_requests: Option<usize>,
}

/// When a request is sent again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Retry {
    /// Tries after the first.
    pub attempts: u32,
    /// After what.
    pub on: Conditions,
    /// What all of them together may add.
    pub budget: Allowance,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry { attempts: 2, on: Conditions::UNANSWERED, budget: Allowance { ratio: 0.2, per_second: 10.0 } }
    }
}

/// What the gateway asks each server by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HealthCheck {
    /// The question.
    pub probe: Probe,
    /// From one check to the next.
    pub every: Duration,
    /// For one check.
    pub timeout: Duration,
    /// By how much each pause may differ, in percent.
    pub jitter_percent: u32,
    /// Results in a row that change the verdict.
    pub thresholds: Thresholds,
    /// What happens when every server is down.
    pub all_down: AllDown,
}

/// What a check asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Probe {
    /// Whether a connection (and its TLS) comes about.
    Connect,
    /// A GET and the statuses that are good.
    Get {
        /// The request target.
        path: PathAndQuery,
        /// The `Host`; `None`: the server's own.
        host: Option<Box<str>>,
        /// Good statuses.
        expect: Vec<RangeInclusive<u16>>,
    },
}

/// What happens when every server is down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllDown {
    /// All of them are tried: the checks may be wrong.
    Try,
    /// 503.
    Refuse,
}
