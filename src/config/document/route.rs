//! `routes:` as it is written. `access` is the one key without a default besides path and
//! upstream: what is public has to be said.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::access::AccessDocument;
use crate::config::document::duration::TimeSpan;
use crate::config::document::forward::ForwardDocument;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::size::ByteSize;
use crate::config::document::traffic::{
    AnswerDocument, CompressDocument, CorsDocument, MaintenanceDocument, MirrorDocument, RedirectDocument,
    ResponseDocument, RewriteDocument, SplitDocument,
};
use crate::config::document::word::{Off, OrBlock};
use crate::config::source::at::At;

/// Which requests, who may make them, and where they go.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Route")]
pub struct RouteDocument {
    /// For logs and metrics; default the path.
    pub name: Option<At<String>>,
    /// A name, `*.name`, or `any`; default any.
    pub host: Option<At<String>>,
    /// Segments; `*` and `{name}` are one segment, `**` at the end is the rest.
    pub path: At<String>,
    /// Listeners it stands behind; default all that serve routes.
    pub listener: Option<At<OneOrMany>>,
    /// The backend's name; this, `redirect` or `answer`.
    pub upstream: Option<At<String>>,
    /// Sends admitted callers somewhere else.
    pub redirect: Option<At<RedirectDocument>>,
    /// Answers admitted callers with the same.
    pub answer: Option<At<AnswerDocument>>,
    /// Who may pass. Has to be said, also when it is `public`.
    pub access: At<AccessDocument>,
    /// Issuers whose tokens are taken; default the only one.
    pub issuers: Option<At<OneOrMany>>,
    /// Asked of `aud` instead of the issuers' own audience.
    pub audience: Option<At<OneOrMany>>,
    /// Where a token may stand besides `Authorization`.
    #[serde(default)]
    pub token: PresentationDocument,
    /// What is told to the backend.
    #[serde(default)]
    pub forward: ForwardDocument,
    /// Shares of its requests that go to other upstreams.
    pub split: Option<At<SplitDocument>>,
    /// A copy of some requests for a second upstream.
    pub mirror: Option<At<MirrorDocument>>,
    /// Another path for the backend.
    pub rewrite: Option<At<RewriteDocument>>,
    /// Header lines of its answers.
    #[serde(default)]
    pub response: ResponseDocument,
    /// Web pages of other origins that may call it; `off`: none, whatever the defaults say.
    pub cors: Option<At<OrBlock<Off, CorsDocument>>>,
    /// Answers that are made smaller; `off`: none, whatever the defaults say.
    pub compress: Option<At<OrBlock<Off, CompressDocument>>>,
    /// Limits it is under, by name; default those of the defaults.
    pub limits: Option<At<OneOrMany>>,
    /// It is closed; `off`: open, whatever the defaults say.
    pub maintenance: Option<At<OrBlock<Off, MaintenanceDocument>>>,
    /// Whether each request has an `X-Request-Id`; default false.
    pub request_id: Option<At<bool>>,
    /// Whether callers must have shown a certificate, where listeners do not ask it of all; default any.
    pub client_certificate: Option<At<ClientCertificateName>>,
    /// Largest request body, or message of a gRPC call.
    pub max_body: Option<At<ByteSize>>,
    /// How long the backend may take.
    #[serde(default)]
    pub timeouts: RouteTimeouts,
    /// What a request may become besides an answer: `websocket`; default nothing.
    pub upgrade: Option<At<OneOrMany<UpgradeName>>>,
}

/// What a request may become.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UpgradeName {
    /// A WebSocket (RFC 6455, and RFC 8441 over HTTP/2).
    Websocket,
}

/// Whether callers must have shown a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientCertificateName {
    /// Others are refused with 403.
    Required,
    /// With one or without.
    Any,
}

/// Further places of a token (RFC 6750, 2.2 and 2.3).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Presentation")]
pub struct PresentationDocument {
    /// The query parameter that may hold it.
    pub query: Option<At<String>>,
    /// The form field that may hold it.
    pub form: Option<At<String>>,
    /// The WebSocket subprotocol behind which it may stand, for browsers, which can set no
    /// header: `Sec-WebSocket-Protocol: NAME, TOKEN`.
    pub subprotocol: Option<At<String>>,
    /// What becomes of a WebSocket, a stream or a long download when its token expires or
    /// is revoked; default close.
    pub on_expiry: Option<At<OnExpiryName>>,
}

/// What becomes of an exchange that lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnExpiryName {
    /// It is closed: 1008, `grpc-status` 16, or an abrupt end.
    Close,
    /// It goes on to its own end.
    Keep,
}

/// How long the backend may take, where this differs from its upstream's figures.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTimeouts {
    /// To begin its answer.
    pub first_byte: Option<At<TimeSpan>>,
    /// Between two pieces of its answer.
    pub idle: Option<At<TimeSpan>>,
    /// How long a WebSocket may be silent in both directions; default 5m.
    pub tunnel: Option<At<TimeSpan>>,
    /// From the request's head to the answer's last byte, retries included.
    pub total: Option<At<TimeSpan>>,
}
