//! One finished exchange, as the edge reports it: the single source of an access-log
//! line and of every per-request counter. Must never: hold a token, a query string,
//! or a header the caller chose (but the user agent is none of our business either).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// What happened to one request, on every path out of the edge.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Index of the listener.
    pub listener: usize,
    /// Index of the route; `None` when no route was found.
    pub route: Option<usize>,
    /// Which endpoint of ours answered, when one did.
    pub endpoint: Option<&'static str>,
    /// The version that the caller speaks.
    pub version: http::Version,
    /// The method as sent.
    pub method: http::Method,
    /// The canonical path, where it is wanted; `None` too when it was refused before it had one.
    pub path: Option<Arc<str>>,
    /// The status that was sent; 0 when the caller left before there was one.
    pub status: u16,
    /// `ok`, `public`, or `Denial::label`; empty where nothing was asked.
    pub decision: &'static str,
    /// Why the gateway answered by itself (`upstream_connect`, `head_bad_lf` …).
    pub reason: Option<&'static str>,
    /// From the first byte of the head to the last of the answer.
    pub duration: Duration,
    /// Spent waiting for the backend.
    pub upstream_time: Option<Duration>,
    /// Index of the upstream that was asked.
    pub upstream: Option<usize>,
    /// The server of it that was asked last; filled in where a line is written.
    pub server: Option<Arc<str>>,
    /// How often the request was sent again.
    pub retries: u32,
    /// `client_id` of the permit.
    pub client: Option<Box<str>>,
    /// The request's id, where its route gives one.
    pub request_id: Option<Arc<str>>,
    /// Bytes of the request body.
    pub bytes_in: u64,
    /// Bytes of the answer's body.
    pub bytes_out: u64,
    /// Whose address it came from.
    pub peer: IpAddr,
}
