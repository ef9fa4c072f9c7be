//! A request and a reply as values: what the edge hands down and what it gets back.
//! No socket, no stream: bodies are whole and were bounded before they came here.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};

/// One request to an endpoint of ours, collected.
#[derive(Clone, Debug)]
pub struct RawRequest {
    /// The method as sent.
    pub method: Method,
    /// The canonical path.
    pub path: String,
    /// The query without `?`, still percent-encoded.
    pub query: Option<String>,
    /// The header block.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Whose address it came from, as far as the listener's trusted proxies say.
    pub peer: IpAddr,
}

/// One complete answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// Headers but those of framing and connection.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}
