//! `listeners:` as it is written. Everything but the address has a default that is the
//! safe value.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::acme::AcmeDocument;
use crate::config::document::blocks::Blocks;
use crate::config::document::duration::TimeSpan;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::size::ByteSize;
use crate::config::document::word::{Https, OrBlock, OrNumber, SelfSigned};
use crate::config::source::at::At;

/// A front door.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Listener")]
pub struct ListenerDocument {
    /// Address and port, such as `0.0.0.0:8443` or `[::]:8443`, or `unix:` and the path of a socket.
    pub address: At<String>,
    /// Who may connect, where the address is a path.
    pub permissions: Option<At<PermissionsDocument>>,
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
    pub trusted_proxies: OneOrMany,
    /// Whether trusted proxies name the caller by the PROXY protocol (versions 1 and 2); default off.
    pub proxy_protocol: Option<At<ProxyProtocolName>>,
    /// A name by which requests and answers say in `Via` that they passed here (RFC 9110 §7.6.3); left out: they do not say it.
    pub via: Option<At<String>>,
}

/// Who may connect to a listener whose address is a path.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Permissions")]
pub struct PermissionsDocument {
    /// Permission bits in octal, such as "0660"; who may connect needs to write. Default "0660".
    pub mode: Option<At<String>>,
    /// Name or number of the user who owns it; default the gateway's own.
    pub owner: Option<At<String>>,
    /// Name or number of its group; default the gateway's own.
    pub group: Option<At<String>>,
}

/// What a trusted proxy's connection begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyProtocolName {
    /// With the caller's own bytes.
    Off,
    /// With the header, or without.
    Accept,
    /// With the header; otherwise it is closed.
    Require,
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
    pub certificates: Option<At<OneOrMany<CertificateDocument>>>,
    /// Certificates that the gateway gets and renews by itself; a block, or a list of them.
    pub acme: Option<At<Blocks<AcmeDocument>>>,
    /// The oldest version that is spoken; default "1.2".
    pub min_version: Option<At<TlsVersion>>,
    /// Certificates that callers show; left out: none is asked for.
    pub client_auth: Option<At<ClientAuthDocument>>,
    /// A file of keys for session tickets, newest first, which several gateways may share; left out: each process has its own.
    pub ticket_keys: Option<At<String>>,
}

/// What is asked of callers' certificates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClientAuth")]
pub struct ClientAuthDocument {
    /// Whether one has to be shown.
    pub mode: At<ClientAuthMode>,
    /// The authorities that may have issued it, as a PEM file.
    pub ca: At<String>,
    /// Their revocation lists, as a PEM file; an authority without one has nobody accepted.
    pub crl: Option<At<String>>,
}

/// Whether a certificate has to be shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuthMode {
    /// No handshake without one.
    Required,
    /// One that is shown has to be good; routes may ask for it.
    Optional,
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
    /// TLS handshakes at once; default 1000. Further callers wait, and slow ones make room after 1 s.
    pub handshakes: Option<At<u64>>,
    /// What one address may do of that; trusted proxies do not count.
    #[serde(default)]
    pub per_address: PerAddressDocument,
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
    /// Bytes a second that a body must bring on average after 10 s of waiting; default 240B.
    pub body_rate: Option<At<ByteSize>>,
    /// HTTP/2 streams of one connection; default 128.
    pub streams: Option<At<u64>>,
}

/// What one caller's address may do. IPv6 counts by its first 64 bits.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PerAddress")]
pub struct PerAddressDocument {
    /// Connections at once; default any number.
    pub connections: Option<At<u64>>,
    /// New connections in a second, of which as many may come at once; default any number.
    pub new_per_second: Option<At<u64>>,
    /// TLS handshakes at once; default any number.
    pub handshakes: Option<At<u64>>,
}
