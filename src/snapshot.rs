//! Everything the operator said, compiled and ready to run. Immutable, shared and
//! swapped whole: a request keeps the one it began with. What has happened since
//! (tokens, revocations, counters, connections) is state and never in here.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, HeaderValue};

use crate::access::policy::Policy;
use crate::acme::wanted::Wanted;
use crate::clock::Seconds;
use crate::clock::UnixTime;
use crate::dialect::shape::Shape;
use crate::oauth::issuer::Issuer;
use crate::telemetry::Layout;
use crate::token::id::IssuerName;
use crate::token::ring::{KeyRing, SigningKey};
use crate::traffic::limit::Limit;
use crate::traffic::rules::{Identified, Rules};
pub use crate::traffic::template::{Part, Template};

pub use crate::snapshot::address::{Address, UNIX, UnixPlace};
pub use crate::snapshot::upstream::{ClientTls, Server, Site, Upstream};

mod address;
pub mod upstream;

/// One consistent world as the file describes it.
#[derive(Debug)]
pub struct Snapshot {
    /// Front doors, in the order of the file.
    pub listeners: Vec<Listener>,
    /// Who may pass where: one route table per listener, in the same order.
    pub policy: Arc<Policy>,
    /// What to do once passed; index: `Route::index`.
    pub plans: Vec<Plan>,
    /// Where requests go; index: `Plan::upstream`.
    pub upstreams: Vec<Upstream>,
    /// Limits that routes are under; index: `Rules::limits_before` and `limits_after`.
    pub limits: Vec<Limit>,
    /// Issuers of ours.
    pub issuers: Vec<Issuer>,
    /// Key rings of foreign issuers, by profile index; ours are `None` here.
    pub foreign_rings: Vec<Option<Arc<KeyRing>>>,
    /// Settings that cannot change while the process runs.
    pub fixed: Fixed,
    /// Whether requests of no route, and those of the endpoints, have an id.
    pub request_id: Identified,
    /// What is written about each request.
    pub access_log: AccessLog,
    /// Verdicts in use that each worker remembers, and as many that were; 0: none.
    pub cache_entries: usize,
    /// How long requests in flight may take to finish after TERM.
    pub drain: Duration,
    /// Hash of the file's bytes, for `tollgate_config_info`.
    pub revision: String,
    /// What `check` warned about.
    pub warnings: Vec<String>,
}

impl Snapshot {
    /// The names that metrics and logs give to what an exchange numbers.
    pub fn layout(&self) -> Layout {
        Layout {
            routes: self.policy.route_names.clone(),
            upstreams: self.upstreams.iter().map(|upstream| Arc::clone(&upstream.name)).collect(),
            listeners: self.listeners.iter().map(|listener| Arc::clone(&listener.name)).collect(),
        }
    }

    /// The certificates that the gateway gets by itself, each once.
    pub fn managed(&self) -> impl Iterator<Item = &Wanted> {
        let mut known = HashSet::new();
        self.listeners.iter().flat_map(|listener| &listener.managed).filter(move |wanted| known.insert(wanted.id()))
    }
}

/// A front door.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Its key in the file.
    pub name: Arc<str>,
    /// Where it listens.
    pub address: Address,
    /// What it speaks.
    pub door: Door,
    /// When the first of its certificates from files ends, chains included; `None`: it
    /// has none.
    pub certificate_end: Option<UnixTime>,
    /// Certificates that the gateway gets for it by itself.
    pub managed: Vec<Wanted>,
    /// Its bounds on callers.
    pub limits: DoorLimits,
    /// Whose word about the caller's address is taken; empty: nobody's.
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Whether a trusted proxy names the caller before he speaks.
    pub proxy_protocol: ProxyProtocol,
    /// What messages say in `Via` of having passed here; `None`: nothing.
    pub via: Option<Arc<str>>,
}

/// What a connection of a trusted proxy begins with. Anybody else's bytes are never
/// taken for the header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyProtocol {
    /// With the caller's own bytes.
    Off,
    /// With the header of the PROXY protocol, or without it.
    Accept,
    /// With the header, or it is closed.
    Require,
}

/// What a listener speaks.
#[derive(Clone, Debug)]
pub enum Door {
    /// TLS, then HTTP/1.1 or HTTP/2 by ALPN.
    Tls(Arc<rustls::ServerConfig>),
    /// HTTP/1.1 as it comes.
    Clear,
    /// Answers every request with a redirect to https on this port.
    Redirect(u16),
}

/// Bounds on what a caller may cost. At a bound the connection is refused or closed,
/// or the request answered 408, 413 or 431.
#[derive(Clone, Debug)]
pub struct DoorLimits {
    /// Connections at once, over all workers.
    pub connections: usize,
    /// TLS handshakes at once, over all workers.
    pub handshakes: usize,
    /// What one address may do of that.
    pub per_address: PerAddress,
    /// Bytes of a header block.
    pub header_bytes: usize,
    /// Number of header lines.
    pub header_count: usize,
    /// TLS handshake.
    pub handshake_timeout: Duration,
    /// From the first byte of a header block to its last.
    pub header_timeout: Duration,
    /// Between requests.
    pub idle_timeout: Duration,
    /// Between two reads of a body, and between two writes of an answer.
    pub body_timeout: Duration,
    /// Bytes a second that a body must bring on average, where we are the ones who wait.
    pub body_rate: u64,
    /// HTTP/2 streams of one connection.
    pub streams: u32,
}

/// What one caller's address may do; proxies that are trusted do not count, whom they
/// name does. IPv6 counts by its first 64 bits, which one customer has to himself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PerAddress {
    /// Connections at once; `None`: as many as there are.
    pub connections: Option<u32>,
    /// New connections in a second, and as many at once after a pause; `None`: any.
    pub rate: Option<u32>,
    /// TLS handshakes at once; `None`: as many as there are.
    pub handshakes: Option<u32>,
}

/// What to do with a request of one route once it may pass.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Index of the upstream; of no meaning where the rules have an answer of their own.
    pub upstream: usize,
    /// Removed from the front of the path before it is sent on.
    pub strip_prefix: Option<Box<str>>,
    /// Set on the request; the same names, in every spelling, are removed from what
    /// came in, on every route of the snapshot.
    pub identity: Vec<(HeaderName, Template)>,
    /// Set on the request with fixed values, such as the backend's own credential.
    pub set: Vec<(HeaderName, HeaderValue)>,
    /// `true`: the caller's `Authorization` goes on to the backend.
    pub keep_authorization: bool,
    /// A token of the backend's own kind, sent in place of the caller's.
    pub mint: Option<Arc<Mint>>,
    /// Tokens that the backend itself gave to users, sent for those who have one.
    pub user_tokens: Option<Arc<UserTokens>>,
    /// What else it does with traffic; `None`: nothing.
    pub rules: Option<Arc<Rules>>,
    /// Bytes of a request body; more is 413.
    pub max_body: u64,
    /// First byte of the answer.
    pub first_byte_timeout: Duration,
    /// Between two reads of the answer.
    pub idle_timeout: Duration,
    /// From the request's head to the last byte of the answer; `None`: no bound.
    pub total_timeout: Option<Duration>,
    /// What becomes of an exchange that lasts when its token ends.
    pub on_expiry: OnExpiry,
    /// Whether a request may become a WebSocket.
    pub websocket: WebSocket,
}

/// What becomes of an exchange that lasts when its token ends or is called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnExpiry {
    /// It is closed.
    #[default]
    Close,
    /// It goes on to its own end.
    Keep,
}

/// Whether a route carries WebSockets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WebSocket {
    /// What asks for one is sent on as the request that it is besides.
    #[default]
    Refused,
    /// What asks for one rightly gets one, if the backend agrees; silent for so long, it
    /// ends.
    Carried(Duration),
}

/// The backend's own tokens of users.
#[derive(Debug)]
pub struct UserTokens {
    /// Where they go.
    pub header: HeaderName,
    /// What stands before a token, with its blank.
    pub scheme: Box<str>,
    /// Of users of the file: the whole value of the header, by profile index and subject;
    /// `None` for those who have none, so that nobody is looked for in their place.
    pub values: HashMap<(usize, Box<str>), Option<HeaderValue>>,
    /// By profile index: the issuer whose further users the store may know.
    pub stores: Vec<Option<IssuerName>>,
}

/// A token that is made for a backend, for each request anew.
#[derive(Debug)]
pub struct Mint {
    /// What it is signed with.
    pub key: SigningKey,
    /// How long it lives.
    pub lifetime: Seconds,
    /// What it says.
    pub claims: Shape,
}

/// Settings that need a restart; a reload that changes one is refused with a reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fixed {
    /// The state folder: database, lock, self-signed certificate.
    pub state: PathBuf,
    /// Metrics and health; `None`: not served.
    pub metrics: Option<SocketAddr>,
    /// Data-plane threads.
    pub workers: usize,
    /// Key under which private keys are sealed in the store.
    pub store_key: Option<StoreKey>,
    /// Listener addresses, in order, with their names.
    pub addresses: Vec<(Arc<str>, Address)>,
    /// Memory that the process may hold.
    pub memory: MemoryLimit,
    /// Threads that hash passwords, and requests that may wait for them.
    pub hashing: Hashing,
    /// Where the audit log goes.
    pub audit: AuditTarget,
    /// How much is logged.
    pub log_level: LogLevel,
}

/// Memory that the process may hold before it refuses callers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MemoryLimit {
    /// The usual share of what there is.
    #[default]
    Auto,
    /// So many hundredths of what there is.
    Share(u64),
    /// Whatever there is.
    Off,
    /// So many bytes.
    Bytes(u64),
}

/// Where the audit log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditTarget {
    /// Standard error, beside the other logs.
    Stderr,
    /// A file that is appended to.
    File(PathBuf),
}

/// How much is logged; each level holds those above it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happened.
    Info,
    /// Why it happened.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word in the file and in log filters.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// The password pool's bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hashing {
    /// At once.
    pub workers: usize,
    /// Waiting; more get 503 with `Retry-After`.
    pub queue: usize,
}

/// 256 bits under which private keys are sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreKey(pub [u8; 32]);

impl std::fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StoreKey(***)")
    }
}

/// What is written about each request.
#[derive(Clone, PartialEq, Debug)]
pub struct AccessLog {
    /// Share of answers below 400 that are written, 0.0 to 1.0; the others always are.
    pub sample_ok: f64,
    /// Whether the path is written.
    pub path: bool,
    /// JSON lines, or one readable line.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// What every request looks at, taken once: what was said and which keys are live.
#[derive(Debug)]
pub struct World {
    /// Grows by one at every swap; caches of an older generation are emptied.
    pub generation: u64,
    /// What the operator said.
    pub snapshot: Arc<Snapshot>,
    /// Key rings by profile index.
    pub rings: Vec<Arc<KeyRing>>,
}
