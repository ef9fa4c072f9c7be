//! A connection that speaks HTTP/2. Framing is unambiguous by design here; what needs
//! bounds is how much a caller may have open, reset, or leave lying idle.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::server::conn::http2::Builder;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::connection::Connection;
use crate::edge::drain::LAST_CALL;
use crate::edge::io::WriteWatch;
use crate::edge::pulse::Pulse;
use crate::edge::serve::{Front, Serve};
use crate::edge::stall::Streams;
use crate::edge::worker::Worker;
use crate::snapshot::DoorLimits;

/// What one stream may send before we have passed it on.
const STREAM_WINDOW: u32 = 256 * 1024;

/// What all streams of a connection may send before we have passed it on.
const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// What one stream buffers of an answer that the caller does not read.
const SEND_BUFFER: usize = 256 * 1024;

/// Streams reset by the caller before we looked at them; more ends the connection
/// (CVE-2023-44487).
const PENDING_RESETS: usize = 20;

/// Streams we had to reset for the caller's errors; more ends the connection.
const LOCAL_RESETS: usize = 128;

/// How often a silent caller is asked whether it is still there, and how long it has
/// to say so.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Serves the connection until it closes, or idles too long.
pub(in crate::edge) async fn run<S, T>(connection: Arc<Connection>, stream: T, limits: DoorLimits, serve: S)
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let streams = Streams::new(Arc::clone(&connection.worker), limits.body_timeout);
    let mut builder = Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .auto_date_header(true)
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(LOCAL_RESETS)
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1);
    let worker = Arc::clone(&connection.worker);
    let mut idle = IdleWatch::new(Arc::clone(&connection), limits.idle_timeout);
    let watched = Watched { stream, worker: Arc::clone(&worker), writes: WriteWatch::new(limits.body_timeout) };
    let front = Front::http2(connection, serve, limits.header_count);
    let mut served = pin!(builder.serve_connection(TokioIo::new(watched), front));
    let outcome = poll_fn(|cx| {
        if let Poll::Ready(outcome) = served.as_mut().poll(cx) {
            return Poll::Ready(outcome);
        }
        match idle.poll(cx) {
            Idleness::Bearable => Poll::Pending,
            Idleness::TooLong => {
                served.as_mut().graceful_shutdown();
                served.as_mut().poll(cx)
            }
            Idleness::Hopeless => Poll::Ready(Ok(())),
        }
    })
    .await;
    if let Err(error) = outcome {
        tracing::debug!(%error, "an HTTP/2 connection ended early");
    }
}

/// Watches for the time without a stream.
struct IdleWatch {
    connection: Arc<Connection>,
    limit: Duration,
    pulse: Arc<Pulse>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Serving,
    /// A drain has begun, and the caller gets a moment: told to leave before its first
    /// frames are read, it would be dropped with the request that they hold.
    LastCall,
    /// GOAWAY was sent.
    GoingAway,
}

enum Idleness {
    Bearable,
    /// The caller is to be told to leave.
    TooLong,
    /// It was told, and is still there.
    Hopeless,
}

impl IdleWatch {
    fn new(connection: Arc<Connection>, limit: Duration) -> IdleWatch {
        let pulse = connection.worker.pulses.enrol();
        let watch = IdleWatch { connection, limit, pulse, stage: Stage::Serving };
        watch.arm(limit);
        watch
    }

    fn arm(&self, after: Duration) {
        self.pulse.arm(after);
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Idleness {
        self.pulse.register(cx.waker());
        if self.stage == Stage::Serving && self.connection.worker.shared.drain.draining() {
            self.stage = Stage::LastCall;
            self.arm(LAST_CALL);
        }
        let busy = self.connection.in_flight.count() > 0;
        match self.stage {
            Stage::LastCall if busy || self.pulse.fired() => self.tell(),
            Stage::Serving | Stage::GoingAway if self.pulse.fired() => {
                let idle = self.connection.idle_for(self.connection.worker.pulses.tick()).unwrap_or_default();
                match (self.limit.saturating_sub(idle), self.stage) {
                    (left, _) if busy || !left.is_zero() => {
                        self.arm(left);
                        Idleness::Bearable
                    }
                    (_, Stage::GoingAway) => Idleness::Hopeless,
                    (_, Stage::Serving | Stage::LastCall) => self.tell(),
                }
            }
            Stage::Serving | Stage::LastCall | Stage::GoingAway => Idleness::Bearable,
        }
    }

    /// The caller has the same time again to leave.
    fn tell(&mut self) -> Idleness {
        self.stage = Stage::GoingAway;
        self.arm(self.limit);
        Idleness::TooLong
    }
}

/// A stream with nothing but a time-out on its writes.
struct Watched<T> {
    stream: T,
    worker: Arc<Worker>,
    writes: WriteWatch,
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.writes.watch(&this.worker.pulses, cx, outcome)
    }
}
