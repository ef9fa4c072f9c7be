//! A connection that speaks HTTP/1.1 or 1.0, from its first byte to its close. The
//! guard stands before the parser, so what hyper sees is already unambiguous.

use std::sync::Arc;

use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::edge::connection::Connection;
use crate::edge::head::guard::Guard;
use crate::edge::inbound::Inbound;
use crate::edge::serve::{Front, Serve};
use crate::snapshot::DoorLimits;

/// Header lines that hyper parses without a heap allocation per request. The guard
/// keeps to lower limits by itself, so hyper is only told of higher ones.
const FIELDS_ON_STACK: usize = 100;

/// Bytes of the parser's buffer besides a head of the largest size.
const BUFFER_REST: usize = 64 * 1024;

/// The parser's buffer at most, unless heads may be larger: it also bounds what is
/// read of a body at once.
const BUFFER: usize = 256 * 1024;

/// Serves the connection until it closes. In a drain hyper's own shutdown is not asked
/// for, since it drops a request that has arrived and was not read yet: the guard ends
/// the stream where nothing is under way, and answers say `Connection: close`.
pub(in crate::edge) async fn run<S, T>(connection: Arc<Connection>, stream: T, limits: DoorLimits, serve: S)
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = Builder::new();
    builder.half_close(false).auto_date_header(true).title_case_headers(false);
    builder.max_buf_size(BUFFER.max(limits.header_bytes.saturating_add(BUFFER_REST)));
    if limits.header_count > FIELDS_ON_STACK {
        builder.max_headers(limits.header_count);
    }
    let guard = Guard::new(stream, Arc::clone(&connection), limits);
    let front = Front::http1(connection, serve);
    let service = service_fn(move |request: Request<Incoming>| front.call(request.map(Inbound::Http1)));
    let served = builder.serve_connection(TokioIo::new(guard), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "an HTTP/1 connection ended early");
    }
}
