//! The socket of one HTTP/1 connection with the state of both its directions: which
//! head or body comes in, which bytes go out, and how long each wait may take. The
//! connection's own task and the body of the request under way share it.
//! Must never: read on after a refusal, or be held locked while something else is polled.

mod patience;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http::request::Parts;
use http_body::Frame;
use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};

use crate::edge::body::inflow::{Inflow, Want};
use crate::edge::body::outflow::Outflow;
use crate::edge::body::pace::{Pace, Verdict};
use crate::edge::connection::Connection;
use crate::edge::head::framed::{Framed, Step};
use crate::edge::head::refusal::Refusal;
use crate::edge::head::request;
use crate::edge::head::scanner::{HeadLimits, Scan, Scanner, Wishes};
use crate::edge::head::trailer;
use crate::edge::http1::reply;
use crate::edge::http1::wire::patience::Overdue;
use crate::edge::http2::opened::PREFACE;
use crate::edge::io::WriteWatch;
use crate::edge::listen::linger::Linger;
use crate::edge::stream::Stream;
use crate::edge::upstream::error::ForwardError;
use crate::edge::worker::pulse::{Pulse, Tick};
use crate::snapshot::DoorLimits;

/// An unread body of this many bytes is read away to keep the connection.
const READ_AWAY: usize = 64 * 1024;

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection's socket and what is under way on it.
pub struct Wire {
    stream: Stream,
    connection: Arc<Connection>,
    inflow: Inflow,
    pub(in crate::edge::http1) outflow: Outflow,
    limits: DoorLimits,
    scanner: Scanner,
    body: Framed,
    pace: Pace,
    /// The caller waits for a word before he sends his body.
    expects: bool,
    flow: Flow,
    opens: Opens,
    waiting: Waiting,
    pulse: Arc<Pulse>,
    writes: WriteWatch,
    /// When the last exchange ended, or the connection was opened.
    touched: Tick,
    linger: Option<Linger>,
}

/// What comes from the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Flow {
    Open,
    /// He has ended his side.
    Ended,
    /// He was refused, and nothing is read any more.
    Refused(Refusal),
}

/// What may stand at the beginning of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge) enum Opens {
    /// A request of HTTP/1.
    Http1,
    /// The same, or the preface of HTTP/2.
    Either,
}

/// What the pulse is armed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waiting {
    Nothing,
    NextHead,
    /// As `NextHead`, in a drain.
    LastCall,
    RestOfHead,
    Body,
    /// For the end of an exchange whose caller may be gone.
    HalfClosed,
}

/// What comes next on a connection.
#[derive(Debug)]
pub(in crate::edge::http1) enum Arrival {
    /// A whole head, for `Wire::read`.
    Head(Bytes),
    /// A head that is refused.
    Refused(Refusal),
    /// The preface of HTTP/2, which is still there to be read.
    Http2,
    /// Nothing.
    End,
}

impl Wire {
    pub(in crate::edge::http1) fn new(
        stream: Stream,
        opens: Opens,
        connection: Arc<Connection>,
        limits: DoorLimits,
    ) -> Wire {
        let pulses = &connection.worker.pulses;
        Wire {
            stream,
            inflow: Inflow::default(),
            outflow: Outflow::default(),
            scanner: Scanner::default(),
            body: Framed::Done,
            pace: Pace::of(&limits),
            expects: false,
            flow: Flow::Open,
            opens,
            waiting: Waiting::Nothing,
            pulse: pulses.enrol(),
            writes: WriteWatch::new(limits.body_timeout),
            touched: pulses.tick(),
            linger: None,
            connection,
            limits,
        }
    }

    fn head_limits(&self) -> HeadLimits {
        HeadLimits { bytes: self.limits.header_bytes, fields: self.limits.header_count }
    }

    /// The next request's head.
    pub(in crate::edge::http1) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Arrival> {
        loop {
            if !self.inflow.is_empty() {
                match self.scanner.scan(self.inflow.bytes(), self.head_limits()) {
                    Scan::Whole(length, framing) => return Poll::Ready(self.arrived(length, framing.into())),
                    Scan::Refused(_) if self.opens == Opens::Either && self.inflow.bytes().starts_with(PREFACE) => {
                        return Poll::Ready(Arrival::Http2);
                    }
                    Scan::Refused(_) if self.opens == Opens::Either && PREFACE.starts_with(self.inflow.bytes()) => {}
                    Scan::Refused(refusal) => return Poll::Ready(self.refuse(refusal)),
                    Scan::More => {}
                }
            }
            if self.flow != Flow::Open {
                return Poll::Ready(Arrival::End);
            }
            match self.inflow.poll_fill(&mut self.stream, cx, Want::Little) {
                Poll::Ready(Ok(0) | Err(_)) => self.flow = Flow::Ended,
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => match ready!(self.poll_patience(cx)) {
                    Overdue::Refused(refusal) => return Poll::Ready(self.refuse(refusal)),
                    Overdue::Over => return Poll::Ready(Arrival::End),
                },
            }
        }
    }

    fn arrived(&mut self, length: usize, body: Framed) -> Arrival {
        // A pulse for the next head stays armed through whole exchanges, which is what
        // makes it cheap; whether the wait was idleness is asked when it fires.
        if self.waiting != Waiting::NextHead {
            self.settle();
        }
        self.body = body;
        self.opens = Opens::Http1;
        Arrival::Head(self.inflow.take(length))
    }

    /// The request in the head that has just arrived, with the length of its body where
    /// that is known, and what it asks for.
    pub(in crate::edge::http1) fn read(&mut self, head: &Bytes) -> Result<(Box<Parts>, Option<u64>, Wishes), Refusal> {
        let made = request::of(&self.scanner, head);
        let wishes = self.scanner.wishes();
        self.scanner.reset();
        match made {
            Ok(request) => {
                self.expects = wishes.expects && !self.body.is_done() && request.version == http::Version::HTTP_11;
                Ok((request, self.body.left(), wishes))
            }
            Err(refusal) => {
                self.refuse(refusal);
                Err(refusal)
            }
        }
    }

    fn refuse(&mut self, refusal: Refusal) -> Arrival {
        self.settle();
        self.flow = Flow::Refused(refusal);
        self.inflow = Inflow::default();
        Arrival::Refused(refusal)
    }

    fn settle(&mut self) {
        if self.waiting != Waiting::Nothing {
            self.waiting = Waiting::Nothing;
            self.pulse.rest();
        }
    }

    /// The next piece of the body behind the last head, or its trailers.
    pub(in crate::edge) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        loop {
            match self.body.next(self.inflow.bytes(), self.head_limits()) {
                Step::Data { skip, data } => {
                    self.inflow.skip(skip);
                    return Poll::Ready(Some(Ok(Frame::data(self.inflow.take(data)))));
                }
                Step::End { skip, trailers } if trailers > trailer::EMPTY_SECTION => {
                    self.inflow.skip(skip - trailers);
                    let trailers = trailer::fields(&self.inflow.take(trailers));
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Step::End { skip, .. } => {
                    self.inflow.skip(skip);
                    return Poll::Ready(None);
                }
                Step::Refused(refusal) => return Poll::Ready(Some(Err(self.break_body(refusal)))),
                Step::More { skip } => self.inflow.skip(skip),
            }
            match self.flow {
                Flow::Open => {}
                Flow::Ended => return Poll::Ready(Some(Err(ForwardError::BodyBroken))),
                Flow::Refused(refusal) => return Poll::Ready(Some(Err(fault(refusal)))),
            }
            self.say_continue(cx);
            let want = Want::Body(self.body.left().unwrap_or(u64::MAX));
            match self.inflow.poll_fill(&mut self.stream, cx, want) {
                Poll::Ready(Ok(0) | Err(_)) => self.flow = Flow::Ended,
                Poll::Ready(Ok(count)) => {
                    if self.waiting == Waiting::Body {
                        self.settle();
                    }
                    if self.pace.came(count, self.connection.worker.pulses.tick()) == Verdict::TooSlow {
                        return Poll::Ready(Some(Err(self.break_body(Refusal::BodyTooSlow))));
                    }
                }
                Poll::Pending => {
                    self.pace.waits(self.connection.worker.pulses.tick());
                    self.wait_for(Waiting::Body, self.limits.body_timeout);
                    self.pulse.register(cx.waker());
                    if !self.pulse.fired() {
                        return Poll::Pending;
                    }
                    return Poll::Ready(Some(Err(self.break_body(Refusal::BodyTimeout))));
                }
            }
        }
    }

    fn break_body(&mut self, refusal: Refusal) -> ForwardError {
        self.connection.break_body(refusal);
        self.refuse(refusal);
        fault(refusal)
    }

    /// The answer's head comes next: nobody is told to go on any more (RFC 9110 §10.1.1).
    pub(in crate::edge::http1) fn begin_answer(&mut self) {
        self.expects = false;
    }

    /// Puts an interim answer on its way.
    pub(in crate::edge::http1) fn inform(&mut self, interim: &Response<()>) {
        reply::interim(interim, self.outflow.text());
    }

    /// Tells a caller who waits for it to send his body.
    fn say_continue(&mut self, cx: &mut Context<'_>) {
        if std::mem::take(&mut self.expects) {
            self.outflow.text().extend_from_slice(CONTINUE);
            // What does not fit now leaves before the answer, or with the next look.
            let _ = self.poll_flush(cx);
        }
    }

    /// Whether another request may follow the one under way, as far as its body goes. A
    /// short rest of it that is here already is read away.
    pub(in crate::edge::http1) fn may_follow(&mut self) -> bool {
        let mut away = 0;
        while !self.body.is_done() && away < READ_AWAY {
            match self.body.next(self.inflow.bytes(), self.head_limits()) {
                Step::Data { skip, data } => {
                    self.inflow.skip(skip + data);
                    away += data;
                }
                Step::End { skip, .. } => self.inflow.skip(skip),
                Step::More { .. } | Step::Refused(_) => break,
            }
        }
        self.body.is_done() && self.flow == Flow::Open
    }

    /// Notes that an exchange has ended.
    pub(in crate::edge::http1) fn rest(&mut self) {
        self.touched = self.connection.worker.pulses.tick();
        if self.waiting != Waiting::NextHead {
            self.settle();
        }
    }

    /// Writes what waits to go out, within the caller's time.
    pub(in crate::edge::http1) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let before = self.outflow.sent();
        let outcome = self.outflow.poll_flush(&mut self.stream, cx);
        if self.outflow.sent() > before {
            self.writes.moved();
        }
        self.writes.watch(&self.connection.worker.pulses, cx, outcome)
    }

    /// Ends the connection: what is written leaves, and a caller who is still sending
    /// gets time to see why he was cut short.
    pub(in crate::edge::http1) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.linger.is_none() {
            if ready!(self.poll_flush(cx)).is_err() {
                return Poll::Ready(());
            }
            let outcome = Pin::new(&mut self.stream).poll_shutdown(cx);
            let shut = ready!(self.writes.watch(&self.connection.worker.pulses, cx, outcome));
            let speaks_on = matches!(self.flow, Flow::Refused(_)) || !self.body.is_done();
            if shut.is_err() || !speaks_on {
                return Poll::Ready(());
            }
        }
        let linger = self.linger.get_or_insert_with(|| Linger::begin(&self.connection.worker.pulses));
        linger.poll(&mut self.stream, cx)
    }

    /// Reads bytes that are no message any more: first those that are here.
    pub(in crate::edge::http1) fn poll_raw(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.inflow.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let count = buf.remaining().min(self.inflow.bytes().len());
        buf.put_slice(&self.inflow.take(count));
        Poll::Ready(Ok(()))
    }

    /// What was read and not taken, and the stream.
    pub(in crate::edge::http1) fn into_parts(mut self) -> (Bytes, Stream) {
        let early = self.inflow.take(self.inflow.bytes().len());
        (early, self.stream)
    }

    /// The stream itself, for bytes that are no message any more.
    pub(in crate::edge::http1) fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }
}

/// A refused body as its reader sees it.
fn fault(refusal: Refusal) -> ForwardError {
    match refusal {
        Refusal::BodyTimeout | Refusal::BodyTooSlow | Refusal::HeadTimeout => ForwardError::BodyTimeout,
        _ => ForwardError::BodyBroken,
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").field("body", &self.body).field("flow", &self.flow).finish_non_exhaustive()
    }
}
