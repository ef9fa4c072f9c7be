//! One HTTP/2 connection to a backend, and the task that moves its frames. What the
//! backend says about it (how many streams, that it leaves) is read here after each
//! move, so that whoever looks for a place knows before he sends.
//! Must never: take a request after the backend has said GOAWAY.

use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection, SendRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, oneshot};

use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::doubt::Doubt;
use crate::edge::worker::pulse::{AtomicTick, Tick};

/// What a backend may send of one answer before its caller has taken it.
pub(in crate::edge) const STREAM_WINDOW: u32 = 128 * 1024;

/// And of all of them: as much as they may leave untaken together, so that callers who
/// take nothing never hold up one who does.
const CONNECTION_WINDOW: u32 = MAX_STREAMS as u32 * STREAM_WINDOW;

/// Bytes of one request's body that wait for the backend's window.
const SEND_BUFFER: usize = 256 * 1024;

/// Bytes of an answer's head; more is a bad answer.
const MAX_ANSWER_HEAD: u32 = 64 * 1024;

/// Streams of one connection at most, whatever the backend allows: beyond it another
/// connection shares the work.
pub const MAX_STREAMS: usize = 100;

/// Streams of a connection whose backend has not said yet how many it allows.
const FIRST: usize = 1;

/// How long its first SETTINGS are waited for before it is used without them.
const GREETING: Duration = Duration::from_millis(250);

/// How long a backend that is asked whether it is still there has to say so.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that carries many requests.
#[derive(Debug)]
pub struct Session {
    sender: SendRequest<Bytes>,
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
    /// Rung when a request has waited in vain: the backend may be gone.
    doubt: Notify,
}

/// Moves the frames of one connection until it ends, or its backend is found to be gone.
async fn drive<T>(
    mut connection: Connection<T, Bytes>,
    state: Arc<State>,
    greets: oneshot::Sender<()>,
    ended: impl FnOnce() + Send,
) where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut greets = Some(greets);
    let mut doubt = Doubt::about(&state.doubt, connection.ping_pong(), PATIENCE);
    let outcome = poll_fn(|cx| {
        let moved = Pin::new(&mut connection).poll(cx);
        let allowed = connection.max_concurrent_send_streams();
        state.allowed.store(allowed, Ordering::Relaxed);
        if allowed != FIRST || moved.is_ready() {
            // Who waits for it may have lost patience.
            let _ = greets.take().map(|greets| greets.send(()));
        }
        match moved {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(|error| error.to_string())),
            Poll::Pending => doubt.poll(cx).map(|()| Err("it does not answer".to_owned())),
        }
    })
    .await;
    state.leaving.store(true, Ordering::Relaxed);
    if let Err(error) = outcome {
        tracing::debug!(%error, "an HTTP/2 connection to a backend ended early");
    }
    ended();
}

impl Session {
    /// Greets the backend over a fresh stream. `ended` is called when the connection is
    /// gone, from the task that moved it.
    pub async fn open<T>(stream: T, ended: impl FnOnce() + Send + 'static) -> Result<Session, ForwardError>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .initial_max_send_streams(FIRST)
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buffer_size(SEND_BUFFER)
            .max_header_list_size(MAX_ANSWER_HEAD);
        let handshake = builder.handshake::<_, Bytes>(stream);
        let (sender, connection) = handshake.await.map_err(|_| ForwardError::Connect)?;
        let state = Arc::new(State {
            streams: AtomicUsize::new(0),
            allowed: AtomicUsize::new(FIRST),
            leaving: AtomicBool::new(false),
            rested: AtomicTick::new(Tick::now()),
            doubt: Notify::new(),
        });
        let (greets, greeted) = oneshot::channel();
        tokio::spawn(drive(connection, Arc::clone(&state), greets, ended));
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
        self.state.leaving.load(Ordering::Relaxed)
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
    sender: SendRequest<Bytes>,
    state: Arc<State>,
}

impl Place {
    /// What takes the request.
    pub(super) fn sender(&mut self) -> &mut SendRequest<Bytes> {
        &mut self.sender
    }

    /// A request has waited in vain: the backend is asked whether it is still there.
    pub(super) fn doubt(&self) {
        self.state.doubt.notify_one();
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
