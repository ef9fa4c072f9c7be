//! The socket as the HTTP/1 parser sees it: a stream that holds only unambiguous
//! messages and knows how long each wait may take. A head that arrives whole is read
//! straight into the parser's buffer and costs one pass; parts of heads are held back.
//! In place of a refused head the parser gets a substitute that asks for nothing, so
//! that the refusal is answered, logged and counted like any other request.
//! Must never: pass on a byte of a refused head, or read on after a refusal.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::connection::Connection;
use crate::edge::drain::LAST_CALL;
use crate::edge::head::held::Held;
use crate::edge::head::refusal::Refusal;
use crate::edge::head::scanner::HeadLimits;
use crate::edge::head::tracker::{Passage, Stage, Tracker};
use crate::edge::io::WriteWatch;
use crate::edge::linger::Linger;
use crate::edge::pace::{Pace, Verdict};
use crate::edge::pulse::Pulse;
use crate::snapshot::DoorLimits;

/// Stands for a refused head. Clean for every parser, and without a `Host`, which the
/// guard asks of everybody else: that is how it is told from a caller's head.
const SUBSTITUTE: &[u8] = b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n";

/// A guarded stream.
pub struct Guard<S> {
    stream: S,
    connection: Arc<Connection>,
    limits: DoorLimits,
    tracker: Tracker,
    held: Held,
    flow: Flow,
    waiting: Waiting,
    pace: Pace,
    pulse: Arc<Pulse>,
    writes: WriteWatch,
    linger: Option<Linger>,
}

/// What the parser gets once the held bytes are gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    /// What the socket brings.
    Open,
    /// The end of the stream.
    Ended,
    /// An error, since the fault is within a body.
    Broken(Refusal),
    /// Nothing any more: a refusal is on its way out. Not the end of the stream either,
    /// which the parser would take for a caller who left before the answer.
    Mute,
}

/// What the read pulse is armed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waiting {
    Nothing,
    NextHead,
    /// As `NextHead`, in a drain.
    LastCall,
    RestOfHead,
    Body,
}

impl<S> Guard<S> {
    /// Guards `stream` under the limits of its listener.
    pub fn new(stream: S, connection: Arc<Connection>, limits: DoorLimits) -> Guard<S> {
        let head_limits = HeadLimits { bytes: limits.header_bytes, fields: limits.header_count };
        let pulse = connection.worker.pulses.enrol();
        let writes = WriteWatch::new(limits.body_timeout);
        let pace = Pace::new(limits.body_rate, limits.body_timeout);
        Guard {
            stream,
            connection,
            limits,
            tracker: Tracker::new(head_limits),
            held: Held::default(),
            flow: Flow::Open,
            waiting: Waiting::Nothing,
            pace,
            pulse,
            writes,
            linger: None,
        }
    }

    /// Judges what was just read into `buf` after its first `before` bytes; leaves in
    /// there what may pass.
    fn admit(&mut self, buf: &mut ReadBuf<'_>, before: usize) {
        let fresh = &buf.filled()[before..];
        if fresh.is_empty() {
            self.flow = Flow::Ended;
            self.held.discard();
            return;
        }
        let (count, was) = (fresh.len(), self.tracker.stage());
        let passage = if self.held.is_empty() {
            let passage = self.tracker.advance(fresh);
            if passage.refused.is_none() {
                self.held.hold(&fresh[passage.cleared..]);
            }
            buf.set_filled(before + passage.cleared);
            passage
        } else {
            self.held.hold(fresh);
            buf.set_filled(before);
            let passage = self.tracker.advance(self.held.bytes());
            self.held.clear(passage.cleared);
            passage
        };
        self.settle(passage);
        self.keep_pace(was, count);
    }

    /// Ends a body that comes too slowly on the whole, however steadily it trickles.
    fn keep_pace(&mut self, was: Stage, count: usize) {
        let now = self.connection.worker.pulses.tick();
        let verdict = match was {
            Stage::Body => self.pace.came(count, now),
            Stage::Head => Verdict::Bearable,
        };
        match self.tracker.stage() {
            Stage::Head => self.pace = Pace::new(self.limits.body_rate, self.limits.body_timeout),
            Stage::Body if verdict == Verdict::TooSlow => self.refuse(Stage::Body, Refusal::BodyTooSlow),
            Stage::Body => {}
        }
    }

    fn settle(&mut self, passage: Passage) {
        if let Some((stage, refusal)) = passage.refused {
            self.refuse(stage, refusal);
        }
        let still = match self.waiting {
            Waiting::RestOfHead => passage.cleared == 0,
            Waiting::NextHead => self.tracker.stage() == Stage::Head && self.held.is_empty(),
            Waiting::LastCall | Waiting::Body | Waiting::Nothing => false,
        };
        if !still && self.waiting != Waiting::Nothing {
            self.waiting = Waiting::Nothing;
            self.pulse.rest();
        }
    }

    fn refuse(&mut self, stage: Stage, refusal: Refusal) {
        self.held.keep_cleared();
        match stage {
            Stage::Head => {
                self.connection.refuse_head(refusal);
                self.held.append_cleared(SUBSTITUTE);
                self.flow = Flow::Mute;
            }
            Stage::Body => {
                self.connection.break_body(refusal);
                self.flow = Flow::Broken(refusal);
            }
        }
    }

    /// Nothing has come: makes sure that this does not last for ever. `Ready` when the
    /// flow has changed.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let for_what = match self.tracker.stage() {
            Stage::Body => Waiting::Body,
            Stage::Head if !self.held.is_empty() => Waiting::RestOfHead,
            Stage::Head if self.nothing_more_is_wanted() => Waiting::LastCall,
            Stage::Head => Waiting::NextHead,
        };
        if for_what == Waiting::Body {
            self.pace.waits(self.connection.worker.pulses.tick());
        }
        if self.waiting != for_what {
            self.waiting = for_what;
            let limit = match for_what {
                Waiting::RestOfHead => self.limits.header_timeout,
                Waiting::Body => self.limits.body_timeout,
                Waiting::LastCall => LAST_CALL,
                Waiting::NextHead | Waiting::Nothing => self.limits.idle_timeout,
            };
            self.pulse.arm(limit);
        }
        self.pulse.register(cx.waker());
        if self.pulse.fired() { self.overdue() } else { Poll::Pending }
    }

    /// Whether the connection ends here unless a request is already on its way.
    fn nothing_more_is_wanted(&self) -> bool {
        self.connection.worker.shared.drain.draining() && self.connection.in_flight.count() == 0
    }

    fn overdue(&mut self) -> Poll<()> {
        match self.waiting {
            Waiting::LastCall => self.flow = Flow::Ended,
            Waiting::RestOfHead => self.refuse(Stage::Head, Refusal::HeadTimeout),
            Waiting::Body => self.refuse(Stage::Body, Refusal::BodyTimeout),
            Waiting::NextHead | Waiting::Nothing => {
                // The pulse stays armed through whole exchanges, which is what makes it
                // cheap; whether the wait was idleness is only asked here.
                let pulses = &self.connection.worker.pulses;
                let limit = self.limits.idle_timeout;
                let idle = self.connection.idle_for(pulses.tick());
                if idle.is_none_or(|idle| idle < limit) {
                    let left = limit - idle.unwrap_or_default();
                    self.pulse.arm(left);
                    return Poll::Pending;
                }
                self.flow = Flow::Ended;
            }
        }
        Poll::Ready(())
    }

    /// Whether closing now would cut the caller short: bytes of his are on their way
    /// that nobody reads, and the reset they provoke may overtake our last words.
    fn speaks_into_the_void(&self) -> bool {
        !matches!(self.flow, Flow::Ended | Flow::Open) || self.tracker.stage() == Stage::Body
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            if this.held.deliver(buf) {
                return Poll::Ready(Ok(()));
            }
            match this.flow {
                Flow::Open => {}
                Flow::Ended => return Poll::Ready(Ok(())),
                Flow::Broken(refusal) => return Poll::Ready(Err(broken(refusal))),
                Flow::Mute => return Poll::Pending,
            }
            match Pin::new(&mut this.stream).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => this.admit(buf, before),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => ready!(this.wait(cx)),
            }
            if buf.filled().len() > before {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, buf);
        this.writes.watch(&this.connection.worker.pulses, cx, outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, bufs);
        this.writes.watch(&this.connection.worker.pulses, cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        this.writes.watch(&this.connection.worker.pulses, cx, outcome)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.linger.is_none() {
            let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.writes.watch(&this.connection.worker.pulses, cx, outcome))?;
            if !this.speaks_into_the_void() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = this.linger.get_or_insert_with(|| Linger::begin(&this.connection.worker.pulses));
        linger.poll(&mut this.stream, cx).map(Ok)
    }
}

fn broken(refusal: Refusal) -> io::Error {
    let kind = match refusal {
        Refusal::BodyTimeout | Refusal::BodyTooSlow | Refusal::HeadTimeout => io::ErrorKind::TimedOut,
        _ => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, refusal.sentence())
}
