//! The outermost block of the file: one file reads from top to bottom like the life of
//! a request.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::forward::ForwardDocument;
use crate::config::document::issuer::IssuerDocument;
use crate::config::document::limit::LimitDocument;
use crate::config::document::listener::ListenerDocument;
use crate::config::document::memory::MemoryName;
use crate::config::document::named::Named;
use crate::config::document::observability::ObservabilityDocument;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::route::RouteDocument;
use crate::config::document::secret::SecretText;
use crate::config::document::size::ByteSize;
use crate::config::document::traffic::{CompressDocument, CorsDocument, MaintenanceDocument, ResponseDocument};
use crate::config::document::upstream::UpstreamDocument;
use crate::config::document::word::{Auto, OrNumber};
use crate::config::source::at::At;

/// The configuration of a tollgate gateway.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "tollgate")]
pub struct GatewayDocument {
    /// Version of this language, not of your file: 1.
    pub version: At<u64>,
    /// Front doors by name.
    pub listeners: Named<At<ListenerDocument>>,
    /// Authorization servers by name: ours, and foreign ones whose tokens are accepted.
    #[serde(default)]
    pub issuers: Named<At<IssuerDocument>>,
    /// Backends by name.
    #[serde(default)]
    pub upstreams: Named<At<UpstreamDocument>>,
    /// Bounds on what callers may ask of routes, by name.
    #[serde(default)]
    pub limits: Named<At<LimitDocument>>,
    /// What routes have in common.
    #[serde(default)]
    pub defaults: DefaultsDocument,
    /// Who may pass where. The most specific host and path win, whatever the order.
    #[serde(default)]
    pub routes: Vec<At<RouteDocument>>,
    /// Where tokens, keys and revocations are kept.
    #[serde(default)]
    pub store: StoreDocument,
    /// Bounds on the work of checking passwords.
    #[serde(default)]
    pub hashing: HashingDocument,
    /// Logs and metrics.
    #[serde(default)]
    pub observability: ObservabilityDocument,
    /// How the gateway ends.
    #[serde(default)]
    pub shutdown: ShutdownDocument,
    /// Threads and memory.
    #[serde(default)]
    pub runtime: RuntimeDocument,
}

/// What routes have in common; a route's own keys win.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Defaults")]
pub struct DefaultsDocument {
    /// What is told to backends.
    #[serde(default)]
    pub forward: ForwardDocument,
    /// Largest request body, or message of a gRPC call; default 8MiB.
    pub max_body: Option<At<ByteSize>>,
    /// Limits that routes are under, by name.
    pub limits: Option<At<OneOrMany>>,
    /// Header lines of answers; a route's own of the same name win.
    #[serde(default)]
    pub response: ResponseDocument,
    /// Web pages of other origins that may call routes.
    pub cors: Option<At<CorsDocument>>,
    /// Answers that are made smaller.
    pub compress: Option<At<CompressDocument>>,
    /// All routes are closed.
    pub maintenance: Option<At<MaintenanceDocument>>,
    /// Whether each request has an `X-Request-Id`; default false.
    pub request_id: Option<At<bool>>,
}

/// The embedded store.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Store")]
pub struct StoreDocument {
    /// The state folder; default `state`, beside the configuration file.
    pub folder: Option<At<String>>,
    /// 32 bytes, in hexadecimal or base64, under which private keys are sealed.
    pub key: Option<At<SecretText>>,
}

/// The password pool.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Hashing")]
pub struct HashingDocument {
    /// Passwords checked at once; default 2, or 1 where there are fewer than 4
    /// processors, so that sign-ins leave half of them to other requests.
    pub workers: Option<At<u64>>,
    /// Requests that may wait; more get 503. Default 64.
    pub queue: Option<At<u64>>,
}

/// The end.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Shutdown")]
pub struct ShutdownDocument {
    /// How long requests in flight may take to finish; default 30s.
    pub drain: Option<At<TimeSpan>>,
}

/// Threads and memory.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Runtime")]
pub struct RuntimeDocument {
    /// Threads that carry traffic; default auto, one per processor.
    pub workers: Option<At<OrNumber<Auto>>>,
    /// Verified tokens in use that each of them remembers, and as many that were; 0 switches it off. Default 20000.
    pub cache: Option<At<u64>>,
    /// Memory that the process may hold before it refuses callers: auto, off, a share such as 75%, or a size from 64MiB to 1024GiB.
    /// Default auto: 60 % of what its control group allows, or else of what the machine has.
    pub memory: Option<At<MemoryName>>,
}
