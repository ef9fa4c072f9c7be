//! The request's body on its way to a backend: nothing, a few bytes in hand, or a
//! stream that is counted, bounded and timed. A fault is noted where the answering
//! side can see it, so that a caller's mistake is never blamed on the backend.
//! Trailers end here: no field after the body can add to what was judged before it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::edge::inbound::Inbound;
use crate::edge::pulse::Pulse;
use crate::edge::traffic::tee::Tee;
use crate::edge::upstream::error::ForwardError;

/// What a backend is sent after the head.
#[derive(Debug)]
pub enum Outgoing {
    /// No body.
    Empty,
    /// Bytes in hand; `None` once they were taken.
    Whole(Option<Bytes>),
    /// The caller's own body, as it comes.
    Stream(Upload),
}

/// A caller's body on its way.
#[derive(Debug)]
pub struct Upload {
    body: Inbound,
    /// A piece that was taken and not sent: it comes first, and is not counted again.
    again: Option<Bytes>,
    left: u64,
    state: Arc<UploadState>,
    /// The backend's patience: counts only while the backend is the slow one.
    patience: Option<(Arc<Pulse>, Duration)>,
    /// Our patience with the caller, where his wire has none: in HTTP/2.
    caller: Option<Wait>,
    /// Who looks on, where the request is copied.
    tee: Option<Box<Tee>>,
}

/// The time-out between two pieces of a caller's body.
#[derive(Debug)]
struct Wait {
    pulse: Arc<Pulse>,
    limit: Duration,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    AtRest,
    Armed,
}

impl Wait {
    /// A piece has come.
    fn rest(&mut self) {
        if std::mem::replace(&mut self.stage, Stage::AtRest) == Stage::Armed {
            self.pulse.rest();
        }
    }

    /// None has: `Ready` when that has lasted too long.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.stage, Stage::Armed) == Stage::AtRest {
            self.pulse.arm(self.limit);
        }
        self.pulse.register(cx.waker());
        if self.pulse.fired() { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// How far a body has come; read by the answering side.
#[derive(Debug, Default)]
pub struct UploadState {
    bytes: AtomicU64,
    end: AtomicU8,
}

/// How a body ended; 0 while it goes on.
const COMPLETE: u8 = 1;
const TOO_LARGE: u8 = 2;
const TIMED_OUT: u8 = 3;
const BROKEN: u8 = 4;

impl UploadState {
    /// Bytes taken from the caller so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// True when all of it was handed on, so that the backend's connection is clean.
    pub fn is_complete(&self) -> bool {
        self.end.load(Ordering::Relaxed) == COMPLETE
    }

    /// The caller's fault, if there is one.
    pub fn fault(&self) -> Option<ForwardError> {
        match self.end.load(Ordering::Relaxed) {
            TOO_LARGE => Some(ForwardError::BodyTooLarge),
            TIMED_OUT => Some(ForwardError::BodyTimeout),
            BROKEN => Some(ForwardError::BodyBroken),
            _ => None,
        }
    }
}

impl Upload {
    /// Takes at most `limit` bytes of `body`.
    pub fn new(body: Inbound, limit: u64) -> Upload {
        Upload { body, again: None, left: limit, state: Arc::default(), patience: None, caller: None, tee: None }
    }

    /// Lets the caller pause for at most `limit` between two pieces, by `pulse`, which
    /// nobody else may arm. For bodies that come by HTTP/2; those of HTTP/1 are timed
    /// where they are read from the socket.
    pub fn hurry(&mut self, pulse: Arc<Pulse>, limit: Duration) {
        self.caller = Some(Wait { pulse, limit, stage: Stage::AtRest });
    }

    /// Lets `tee` look on as it passes.
    pub fn look_on(&mut self, tee: Tee) {
        self.tee = Some(Box::new(tee));
    }

    /// Where its progress can be read.
    pub fn state(&self) -> Arc<UploadState> {
        Arc::clone(&self.state)
    }

    /// Arms `pulse` for `wait` whenever bytes were handed over and the backend is to
    /// move next; it rests while the caller is.
    pub fn be_patient(&mut self, pulse: Arc<Pulse>, wait: Duration) {
        self.patience = Some((pulse, wait));
    }

    /// Puts a piece back that was taken last and not sent.
    pub fn put_back(&mut self, piece: Bytes) {
        self.again = Some(piece);
    }

    fn end(&self, how: u8) {
        self.state.end.store(how, Ordering::Relaxed);
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, ForwardError>>> {
        if let Some(piece) = self.again.take() {
            return Poll::Ready(Some(Ok(piece)));
        }
        loop {
            let Some(next) = ready!(self.poll_caller(cx)) else {
                self.tee.iter_mut().for_each(|tee| tee.end());
                self.end(COMPLETE);
                return Poll::Ready(None);
            };
            match next.map(Frame::into_data) {
                Ok(Ok(data)) => {
                    let taken = data.len() as u64;
                    if taken > self.left {
                        self.end(TOO_LARGE);
                        return Poll::Ready(Some(Err(ForwardError::BodyTooLarge)));
                    }
                    self.left -= taken;
                    self.state.bytes.fetch_add(taken, Ordering::Relaxed);
                    self.tee.iter_mut().for_each(|tee| tee.take(&data));
                    if self.body.is_end_stream() {
                        self.tee.iter_mut().for_each(|tee| tee.end());
                        self.end(COMPLETE);
                    }
                    return Poll::Ready(Some(Ok(data)));
                }
                // Trailers: nothing of them goes on.
                Ok(Err(_)) => {}
                Err(fault) => {
                    self.end(if fault == ForwardError::BodyTimeout { TIMED_OUT } else { BROKEN });
                    return Poll::Ready(Some(Err(fault)));
                }
            }
        }
    }

    /// The next piece, if the caller sends it in time.
    fn poll_caller(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        match (Pin::new(&mut self.body).poll_frame(cx), &mut self.caller) {
            (Poll::Ready(next), wait) => {
                wait.iter_mut().for_each(Wait::rest);
                Poll::Ready(next)
            }
            (Poll::Pending, Some(wait)) => wait.poll(cx).map(|()| Some(Err(ForwardError::BodyTimeout))),
            (Poll::Pending, None) => Poll::Pending,
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        match &mut *self {
            Outgoing::Empty => Poll::Ready(None),
            Outgoing::Whole(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Outgoing::Stream(upload) => {
                let next = upload.poll_data(cx);
                if let Some((pulse, wait)) = &upload.patience {
                    match &next {
                        Poll::Ready(_) => pulse.arm(*wait),
                        Poll::Pending => pulse.rest(),
                    }
                }
                next.map(|frame| frame.map(|data| data.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Empty => true,
            Outgoing::Whole(bytes) => bytes.is_none(),
            Outgoing::Stream(upload) => upload.again.is_none() && upload.state.is_complete(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Empty => SizeHint::with_exact(0),
            Outgoing::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |b| b.len() as u64)),
            Outgoing::Stream(upload) => upload.body.size_hint(),
        }
    }
}
