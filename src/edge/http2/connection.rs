//! A connection that speaks HTTP/2, from its preface to its close. Each stream is a task
//! of this worker; this one moves the frames, counts what floods, and says GOAWAY.
//! Must never: go on reading from a caller who floods.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::Reason;
use h2::server::{Builder, Connection as Library, Handshake};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::edge::connection::Connection;
use crate::edge::http2::guard::{Alarm, Guard};
use crate::edge::http2::idle::{IdleWatch, Idleness};
use crate::edge::http2::ping::{Heartbeat, Life};
use crate::edge::http2::stream;
use crate::edge::serve::{Front, Serve};
use crate::edge::stall::Streams;
use crate::snapshot::DoorLimits;

/// What one stream may send before we have passed it on.
const STREAM_WINDOW: u32 = 256 * 1024;

/// What all streams of a connection may send before we have passed it on.
pub(in crate::edge) const CONNECTION_WINDOW: u32 = 1024 * 1024;

/// What may still wait in the library when a stream's next piece is asked for. Little is
/// enough: what makes a link busy waits in its socket.
pub(in crate::edge) const SEND_BUFFER: usize = 16 * 1024;

/// Streams reset by the caller before we looked at them; more ends the connection
/// (CVE-2023-44487).
const PENDING_RESETS: usize = 20;

/// Streams we had to reset for the caller's errors; more ends the connection.
const LOCAL_RESETS: usize = 128;

/// Header lists up to so many times the listener's limit are read, so that what is over
/// the limit is answered (431) and counted; what is over this as well is refused unread.
const HEADER_LIST_SLACK: usize = 2;

/// Serves the connection until it closes, floods, or idles too long.
pub(in crate::edge) async fn run<S, T>(connection: Arc<Connection>, stream: T, limits: DoorLimits, serve: S)
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let alarm = Arc::new(Alarm::default());
    let guard = Guard::new(stream, Arc::clone(&connection.worker), limits.body_timeout, Arc::clone(&alarm));
    let idle = IdleWatch::new(Arc::clone(&connection), limits.idle_timeout);
    let streams = Streams::new(Arc::clone(&connection.worker), limits.body_timeout);
    let front = Arc::new(Front::http2(Arc::clone(&connection), serve, limits.header_count, limits.header_bytes));
    let state = State::Greeting(library(&limits).handshake(guard));
    let mut driver = Driver { state, front, streams, idle, alarm };
    let ended = poll_fn(|cx| driver.poll(cx)).await;
    if let Some(reason) = ended {
        let listener = connection.listener_name();
        connection.worker.shared.telemetry.http2_ended(&listener, reason);
        tracing::debug!(reason, "an HTTP/2 connection ended early");
    }
}

fn library(limits: &DoorLimits) -> Builder {
    let list = limits.header_bytes.saturating_mul(HEADER_LIST_SLACK);
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(list).unwrap_or(u32::MAX))
        .initial_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buffer_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(PENDING_RESETS)
        .max_local_error_reset_streams(Some(LOCAL_RESETS))
        .enable_connect_protocol();
    builder
}

/// How far a connection has come.
enum State<T> {
    Greeting(Handshake<Guard<T>, Bytes>),
    Serving(Library<Guard<T>, Bytes>, Heartbeat),
}

struct Driver<S, T> {
    state: State<T>,
    front: Arc<Front<S>>,
    streams: Streams,
    idle: IdleWatch,
    alarm: Arc<Alarm>,
}

/// Why a connection ended; `None`: the caller closed it, or it idled.
type Ended = Option<&'static str>;

impl<S, T> Driver<S, T>
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let State::Greeting(greeting) = &mut self.state {
            match std::pin::Pin::new(greeting).poll(cx) {
                Poll::Ready(Ok(mut library)) => {
                    let beat = Heartbeat::new(library.ping_pong(), &self.front.connection().worker.pulses);
                    self.state = State::Serving(library, beat);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(blame(&error)),
                Poll::Pending => {}
            }
        }
        let State::Serving(library, beat) = &mut self.state else {
            // Nothing of a request was read, so there is nobody to be told.
            return match self.idle.poll(cx) {
                Idleness::Bearable => self.alarm.rung().map_or(Poll::Pending, |fault| Poll::Ready(Some(fault.label()))),
                Idleness::TooLong | Idleness::Hopeless => Poll::Ready(None),
            };
        };
        if beat.poll(cx) == Life::Gone {
            return Poll::Ready(None);
        }
        if let Poll::Ready(ended) = accept(library, &self.front, &self.streams, cx) {
            return Poll::Ready(self.alarm.rung().map(|fault| fault.label()).or(ended));
        }
        if let Some(fault) = self.alarm.rung() {
            library.abrupt_shutdown(fault.reason());
            return accept(library, &self.front, &self.streams, cx).map(|_| Some(fault.label()));
        }
        match self.idle.poll(cx) {
            Idleness::Bearable => Poll::Pending,
            Idleness::TooLong => {
                library.graceful_shutdown();
                accept(library, &self.front, &self.streams, cx)
            }
            Idleness::Hopeless => Poll::Ready(None),
        }
    }
}

/// Moves frames, and begins a task for each stream that came.
fn accept<S, T>(
    library: &mut Library<Guard<T>, Bytes>,
    front: &Arc<Front<S>>,
    streams: &Streams,
    cx: &mut Context<'_>,
) -> Poll<Ended>
where
    S: Serve,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    loop {
        match library.poll_accept(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(blame(&error)),
            Poll::Ready(Some(Ok((request, respond)))) => {
                streams.run(stream::attend(Arc::clone(front), request, respond));
            }
        }
    }
}

/// The word for a connection that the library ended for the caller's mistake.
fn blame(error: &h2::Error) -> Ended {
    if error.is_remote() || error.is_io() {
        return None;
    }
    Some(match error.reason()? {
        Reason::PROTOCOL_ERROR => "protocol_error",
        Reason::FLOW_CONTROL_ERROR => "flow_control_error",
        Reason::SETTINGS_TIMEOUT => "settings_timeout",
        Reason::STREAM_CLOSED => "stream_closed",
        Reason::FRAME_SIZE_ERROR => "frame_size_error",
        Reason::COMPRESSION_ERROR => "compression_error",
        Reason::ENHANCE_YOUR_CALM => "enhance_your_calm",
        Reason::INADEQUATE_SECURITY => "inadequate_security",
        Reason::NO_ERROR => return None,
        _ => "internal_error",
    })
}
