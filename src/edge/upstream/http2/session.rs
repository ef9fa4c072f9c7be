//! One HTTP/2 connection to a backend, and the task that moves its frames. What the
//! backend says about it (how many streams, that it leaves) is read here after each
//! move, so that whoever looks for a place knows before he sends.
//! Must never: take a request after the backend has said GOAWAY.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use crate::edge::pulse::{AtomicTick, Tick};
use crate::edge::upload::Outgoing;
use crate::edge::upstream::error::ForwardError;

/// What a backend may send of one answer, and of all, before a caller has taken it.
const WINDOWS: (u32, u32) = (256 * 1024, 2 * 1024 * 1024);

/// Bytes of one request's body that wait for the backend's window.
const SEND_BUFFER: usize = 256 * 1024;

/// Bytes of an answer's head; more is a bad answer.
const MAX_ANSWER_HEAD: u32 = 64 * 1024;

/// How often a silent backend is asked whether it is still there, and how long it has.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(10));

/// Streams of one connection at most, whatever the backend allows: beyond it another
/// connection shares the work.
pub const MAX_STREAMS: usize = 100;

/// Streams of a connection whose backend has not said yet how many it allows.
const FIRST: usize = 1;

/// How long its first SETTINGS are waited for before it is used without them.
const GREETING: Duration = Duration::from_millis(250);

/// A connection that carries many requests.
#[derive(Debug)]
pub struct Session {
    sender: SendRequest<Outgoing>,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    /// Requests on it.
    streams: AtomicUsize,
    /// How many the backend allows.
    allowed: AtomicUsize,
    /// No request more: it ended, or is about to.
    leaving: AtomicBool,
    /// When its last request left, in ticks.
    rested: AtomicTick,
}

impl Session {
    /// Greets the backend over a fresh stream. `ended` is called when the connection is
    /// gone, from the task that moved it.
    pub async fn open<T>(stream: T, ended: impl FnOnce() + Send + 'static) -> Result<Session, ForwardError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .initial_max_send_streams(FIRST)
            .initial_stream_window_size(WINDOWS.0)
            .initial_connection_window_size(WINDOWS.1)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(MAX_ANSWER_HEAD)
            .keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| ForwardError::Connect)?;
        let state = Arc::new(State {
            streams: AtomicUsize::new(0),
            allowed: AtomicUsize::new(FIRST),
            leaving: AtomicBool::new(false),
            rested: AtomicTick::new(Tick::now()),
        });
        let told = Arc::clone(&state);
        let (greets, greeted) = oneshot::channel();
        let mut greets = Some(greets);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let outcome = poll_fn(|cx| {
                let moved = connection.as_mut().poll(cx);
                let allowed = connection.current_max_send_streams();
                told.allowed.store(allowed, Ordering::Relaxed);
                if allowed != FIRST || moved.is_ready() {
                    // Who waits for it may have lost patience.
                    let _ = greets.take().map(|greets| greets.send(()));
                }
                if moved.is_ready() { moved } else { Poll::Pending }
            })
            .await;
            told.leaving.store(true, Ordering::Relaxed);
            if let Err(error) = outcome {
                tracing::debug!(%error, "an HTTP/2 connection to a backend ended early");
            }
            ended();
        });
        // A backend that allows one stream only says nothing new, and is not waited for long.
        let _ = tokio::time::timeout(GREETING, greeted).await;
        Ok(Session { sender, state })
    }

    /// Requests on it.
    pub fn streams(&self) -> usize {
        self.state.streams.load(Ordering::Relaxed)
    }

    /// Whether it has had nothing to do for so long.
    pub fn is_idle(&self, now: Tick, limit: Duration) -> bool {
        self.streams() == 0 && now.since(self.state.rested.load()) >= limit
    }

    /// Whether it can take no request any more.
    pub fn is_over(&self) -> bool {
        self.state.leaving.load(Ordering::Relaxed) || self.sender.is_closed()
    }

    /// A place for one request, if there is one.
    pub fn seat(&self) -> Option<Place> {
        let most = self.state.allowed.load(Ordering::Relaxed).min(MAX_STREAMS);
        if self.is_over() || self.streams() >= most {
            return None;
        }
        self.state.streams.fetch_add(1, Ordering::Relaxed);
        Some(Place { sender: self.sender.clone(), state: Arc::clone(&self.state) })
    }
}

/// A request's place on a connection. Dropped, it is free again.
#[derive(Debug)]
pub struct Place {
    sender: SendRequest<Outgoing>,
    state: Arc<State>,
}

impl Place {
    /// What takes the request.
    pub(super) fn sender(&mut self) -> &mut SendRequest<Outgoing> {
        &mut self.sender
    }

    /// The backend has said that it leaves: nothing more goes on this connection.
    pub(super) fn leave(&self) {
        self.state.leaving.store(true, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.state.streams.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.state.rested.store(Tick::now());
        }
    }
}
