//! A connection that speaks HTTP/1.1 or 1.0, from its first byte to its close. The
//! guard stands before the parser, so what hyper sees is already unambiguous.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1::Builder;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::edge::connection::Connection;
use crate::edge::head::guard::Guard;
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

/// Serves the connection until it closes, or until it is idle while the process ends.
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
    let worker = Arc::clone(&connection.worker);
    let guard = Guard::new(stream, Arc::clone(&connection), limits);
    let mut served = pin!(builder.serve_connection(TokioIo::new(guard), Front::http1(connection, serve)));
    let mut told = Told::Nothing;
    let outcome = poll_fn(|cx| {
        if told == Told::Nothing && worker.shared.drain.draining() {
            told = Told::ToFinish;
            served.as_mut().graceful_shutdown();
        }
        served.as_mut().poll(cx)
    })
    .await;
    if let Err(error) = outcome {
        tracing::debug!(%error, "an HTTP/1 connection ended early");
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    ToFinish,
}
