//! `listeners:` as it is written. Everything but the address has a default that is the
//! safe value.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::size::ByteSize;
use crate::config::document::word::{Https, OrBlock, OrNumber, SelfSigned};
use crate::config::source::at::At;

/// A front door.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Listener")]
pub struct ListenerDocument {
    /// Address and port, such as `0.0.0.0:8443` or `[::]:8443`.
    pub address: At<String>,
    /// Certificates, or `self-signed` for trying things out. Left out: clear text.
    pub tls: Option<At<OrBlock<SelfSigned, TlsDocument>>>,
    /// Answers everything with a redirect: `https` (port 443) or a port.
    pub redirect: Option<At<OrNumber<Https>>>,
    /// What stands behind it; default all.
    pub serves: Option<At<Serves>>,
    /// Bounds on what a caller may cost.
    #[serde(default)]
    pub limits: LimitsDocument,
    /// Networks whose `X-Forwarded-*` and `Forwarded` are believed; empty: nobody's.
    #[serde(default)]
    pub trusted_proxies: Vec<At<String>>,
}

/// What stands behind a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Serves {
    /// Issuers and routes.
    All,
    /// Issuers only.
    Tokens,
    /// Routes only.
    Routes,
}

/// Certificates of a listener.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Tls")]
pub struct TlsDocument {
    /// Chosen by the name the caller asks for (SNI); the first one otherwise.
    pub certificates: At<Vec<At<CertificateDocument>>>,
    /// The oldest version that is spoken; default "1.2".
    pub min_version: Option<At<TlsVersion>>,
}

/// A certificate chain and its key, both PEM files.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub struct CertificateDocument {
    /// The chain, the server's own certificate first.
    pub cert: At<String>,
    /// The private key.
    pub key: At<String>,
}

/// Versions of TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

/// Bounds on what a caller may cost.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Limits")]
pub struct LimitsDocument {
    /// Connections at once; default 10000.
    pub connections: Option<At<u64>>,
    /// Bytes of a header block; default 32KiB.
    pub headers: Option<At<ByteSize>>,
    /// Header lines; default 100.
    pub header_count: Option<At<u64>>,
    /// For the TLS handshake; default 10s.
    pub handshake: Option<At<TimeSpan>>,
    /// From the first byte of a header block to its last; default 10s.
    pub header: Option<At<TimeSpan>>,
    /// Between requests; default 75s.
    pub idle: Option<At<TimeSpan>>,
    /// Between two pieces of a body; default 30s.
    pub body: Option<At<TimeSpan>>,
    /// HTTP/2 streams of one connection; default 128.
    pub streams: Option<At<u64>>,
}
