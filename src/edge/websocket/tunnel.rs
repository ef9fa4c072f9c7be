//! A WebSocket under way: bytes both ways until a side has ended, nothing passes for
//! too long, the gateway stops, or the token that opened it ends. In the last three cases
//! the gateway says its own word (a close frame with its reason) between two frames of
//! the backend, and to the backend likewise, and gives the caller a moment to answer.
//! Must never: cut a frame in two, unless its rest does not come.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use crate::edge::lifeline::Lifeline;
use crate::edge::websocket::close::{self, Why};
use crate::edge::websocket::direction::{Direction, Extent};
use crate::edge::websocket::handover::Far;
use crate::edge::worker::Worker;
use crate::edge::worker::pulse::Pulse;
use crate::random;
use crate::telemetry::Telemetry;
use crate::telemetry::outcome::Lasting;

/// How long a goodbye may take in all: the rest of a frame, our own, the caller's answer.
const GOODBYE: Duration = Duration::from_secs(2);

/// Carries bytes between a caller and a backend until it is over.
pub async fn run<N>(mut near: N, mut far: Far)
where
    N: AsyncRead + AsyncWrite + Unpin,
{
    let worker = Arc::clone(&far.connection.worker);
    let shared = &worker.shared;
    let silence = far.silence;
    let Some((early, stream)) = far.lease.carrier().into_tunnel() else { return };
    let lifeline = far.tenure.take().map(|tenure| worker.lifelines.enter(tenure, &shared.revoked, shared.clock.now()));
    let pulse = worker.pulses.enrol();
    pulse.arm(silence);
    let _counted = Counted::begin(Arc::clone(&shared.telemetry));
    let mut tunnel = Tunnel {
        up: Direction::default(),
        down: Direction::default(),
        watch: Watch { worker: Arc::clone(&worker), lifeline, pulse, silence, moved: 0, parting: false },
    };
    tunnel.down.put(&early);
    let why = poll_fn(|cx| tunnel.poll(&mut near, stream, cx)).await;
    if let Some(why) = why {
        shared.telemetry.live_ended(Lasting::WebSocket, why.label());
        tunnel.watch.pulse.arm(GOODBYE);
        // Whether the caller takes it or is gone, this was all that could be said.
        let _ = poll_fn(|cx| tunnel.poll_goodbye(why, &mut near, stream, cx)).await;
        tunnel.tell_backend(why, stream).await;
    }
    if let Some(record) = &mut far.record {
        record.collected(usize::try_from(tunnel.up.moved()).unwrap_or(usize::MAX));
        record.sent(usize::try_from(tunnel.down.moved()).unwrap_or(usize::MAX));
        if let Some(why) = why {
            record.failed(why.reason());
        }
    }
}

/// One WebSocket in the count of those that live; its caller may drop it at any point.
struct Counted(Arc<Telemetry>);

impl Counted {
    fn begin(telemetry: Arc<Telemetry>) -> Counted {
        telemetry.lasts(Lasting::WebSocket);
        Counted(telemetry)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.left(Lasting::WebSocket);
    }
}

/// What may end a tunnel from outside.
struct Watch {
    worker: Arc<Worker>,
    lifeline: Option<Arc<Lifeline>>,
    pulse: Arc<Pulse>,
    silence: Duration,
    /// Bytes that had passed when it was last looked.
    moved: u64,
    /// Whether the caller has ended.
    parting: bool,
}

impl Watch {
    fn poll(&mut self, moved: u64, cx: &mut Context<'_>) -> Poll<Why> {
        if let Some(Poll::Ready(ending)) = self.lifeline.as_ref().map(|lifeline| lifeline.poll_cut(cx)) {
            return Poll::Ready(Why::Token(ending));
        }
        if std::mem::replace(&mut self.moved, moved) != moved {
            self.pulse.arm(self.silence);
        }
        self.pulse.register(cx.waker());
        if self.worker.shared.drain.draining() {
            Poll::Ready(Why::Drain)
        } else if self.pulse.fired() {
            Poll::Ready(Why::Idle)
        } else {
            Poll::Pending
        }
    }
}

struct Tunnel {
    /// From the caller to the backend.
    up: Direction,
    /// From the backend to the caller.
    down: Direction,
    watch: Watch,
}

impl Tunnel {
    /// Ready when a side has ended or failed (`None`), or when the gateway has to end it.
    fn poll<N, F>(&mut self, near: &mut N, far: &mut F, cx: &mut Context<'_>) -> Poll<Option<Why>>
    where
        N: AsyncRead + AsyncWrite + Unpin,
        F: AsyncRead + AsyncWrite + Unpin,
    {
        let up = self.up.poll(near, far, Extent::All, cx);
        let down = self.down.poll(far, near, Extent::All, cx);
        if matches!(up, Poll::Ready(Err(_))) || matches!(down, Poll::Ready(Err(_))) {
            return Poll::Ready(None);
        }
        // A WebSocket has no half: when the backend has ended there is nobody to talk to, and
        // when the caller has, the backend gets a moment for what it was about to say.
        if self.down.is_closed() {
            return Poll::Ready(None);
        }
        if self.up.is_closed() && !std::mem::replace(&mut self.watch.parting, true) {
            self.watch.silence = GOODBYE;
            self.watch.pulse.arm(GOODBYE);
        }
        self.watch.poll(self.up.moved() + self.down.moved(), cx).map(Some)
    }

    /// Says goodbye to the caller: the rest of the backend's frame, our close frame, and
    /// then what he still sends is read away until he has closed too.
    fn poll_goodbye<N, F>(&mut self, why: Why, near: &mut N, far: &mut F, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        N: AsyncRead + AsyncWrite + Unpin,
        F: AsyncRead + AsyncWrite + Unpin,
    {
        self.watch.pulse.register(cx.waker());
        if self.watch.pulse.fired() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        if !self.down.is_closed() {
            std::task::ready!(self.down.poll(far, near, Extent::ThisFrame, cx))?;
            if self.down.is_closed() {
                return Poll::Ready(Ok(()));
            }
            if !self.down.said_goodbye() {
                self.down.put(&close::frame(why));
            }
            self.down.end();
        }
        std::task::ready!(self.down.poll_write(near, cx))?;
        std::task::ready!(Pin::new(&mut *near).poll_shutdown(cx))?;
        loop {
            let mut space = [0; 1024];
            let mut buffer = ReadBuf::new(&mut space);
            std::task::ready!(Pin::new(&mut *near).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// The backend hears why as well, where the caller's last frame to it was whole.
    async fn tell_backend<F: AsyncWrite + Unpin>(&self, why: Why, far: &mut F) {
        if self.up.is_between_frames() && !self.up.said_goodbye() && !self.up.is_closed() {
            let frame = close::masked(why, random::bytes(&random::OsRandom::default()));
            // A backend that takes nothing is left without it.
            let _ = tokio::time::timeout(GOODBYE, far.write_all(&frame)).await;
            let _ = tokio::time::timeout(GOODBYE, far.shutdown()).await;
        }
    }
}
