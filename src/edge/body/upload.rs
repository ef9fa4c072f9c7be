//! The request's body on its way to a backend: nothing, a few bytes in hand, or a
//! stream that is counted, bounded and timed. A fault is noted where the answering
//! side can see it, so that a caller's mistake is never blamed on the backend.
//! Of its trailers go on those that add nothing to what was judged (`trailers`).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::edge::body::hurry::Hurry;
use crate::edge::body::inbound::Inbound;
use crate::edge::body::pace::Verdict;
use crate::edge::body::trailers::Trailers;
use crate::edge::grpc::messages::{Messages, TooLarge};
use crate::edge::traffic::tee::Tee;
use crate::edge::upstream::error::ForwardError;
use crate::edge::worker::pulse::Pulse;

/// What a backend is sent after the head.
#[derive(Debug)]
pub enum Outgoing {
    /// No body.
    Empty,
    /// Bytes in hand; `None` once they were taken.
    Whole(Option<Bytes>),
    /// The caller's own body, as it comes.
    Stream(Box<Upload>),
}

/// A caller's body on its way.
#[derive(Debug)]
pub struct Upload {
    body: Inbound,
    /// A piece that was taken and not sent: it comes first, and is not counted again.
    again: Option<Bytes>,
    bound: Bound,
    state: Arc<UploadState>,
    /// The backend's patience: counts only while the backend is the slow one.
    patience: Option<(Arc<Pulse>, Duration)>,
    /// Our patience with the caller, where his wire has none: in HTTP/2.
    hurry: Option<Box<Hurry>>,
    /// What of his trailers goes on; `None`: nothing does.
    trailers: Option<Box<Trailers>>,
    /// Who looks on, where the request is copied.
    tee: Option<Box<Tee>>,
}

/// What is bounded of a body.
#[derive(Debug)]
enum Bound {
    /// All of it: so many bytes more.
    Whole(u64),
    /// Each message of a gRPC call.
    Each(Messages),
}

impl Bound {
    fn take(&mut self, data: &[u8]) -> Result<(), TooLarge> {
        match self {
            Bound::Whole(left) => {
                *left = left.checked_sub(data.len() as u64).ok_or(TooLarge)?;
                Ok(())
            }
            Bound::Each(messages) => messages.pass(data),
        }
    }
}

/// How far a body has come; read by the answering side.
#[derive(Debug, Default)]
pub struct UploadState {
    bytes: AtomicU64,
    /// Pieces of the answer that have come meanwhile.
    answered: AtomicU64,
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

    /// Pieces of the answer that have come so far.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// A piece of the answer has come.
    pub fn answers(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
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
        Upload::within(body, Bound::Whole(limit))
    }

    /// Takes any number of messages of a gRPC call, each of at most `limit` bytes.
    pub fn of_messages(body: Inbound, limit: u64) -> Upload {
        Upload::within(body, Bound::Each(Messages::of(limit)))
    }

    fn within(body: Inbound, bound: Bound) -> Upload {
        let state = Arc::default();
        Upload { body, again: None, bound, state, patience: None, hurry: None, trailers: None, tee: None }
    }

    /// Has the caller hurry, where his wire does not.
    pub fn hurry(&mut self, hurry: Hurry) {
        self.hurry = Some(Box::new(hurry));
    }

    /// Lets these trailers go on.
    pub fn trail(&mut self, trailers: Trailers) {
        self.trailers = Some(Box::new(trailers));
    }

    /// What of its trailers goes on.
    pub fn trailers(&self) -> Option<&Trailers> {
        self.trailers.as_deref()
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

    /// The answer has begun: from here on its own waits are what is timed.
    pub fn be_calm(&mut self) {
        self.patience = None;
    }

    /// Puts a piece back that was taken last and not sent.
    pub fn put_back(&mut self, piece: Bytes) {
        self.again = Some(piece);
    }

    fn end(&self, how: u8) {
        self.state.end.store(how, Ordering::Relaxed);
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if let Some(piece) = self.again.take() {
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        let Some(next) = ready!(self.poll_caller(cx)) else {
            self.complete();
            return Poll::Ready(None);
        };
        let passed = match next.map(Frame::into_data) {
            Ok(Ok(data)) => self.take(data).map(|data| Some(Frame::data(data))),
            Ok(Err(trailers)) => self.end_with(trailers.into_trailers().unwrap_or_default()),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = passed {
            self.end(match fault {
                ForwardError::BodyTimeout => TIMED_OUT,
                ForwardError::BodyTooLarge => TOO_LARGE,
                _ => BROKEN,
            });
        }
        Poll::Ready(passed.transpose())
    }

    fn take(&mut self, data: Bytes) -> Result<Bytes, ForwardError> {
        self.bound.take(&data).map_err(|TooLarge| ForwardError::BodyTooLarge)?;
        self.state.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        self.tee.iter_mut().for_each(|tee| tee.take(&data));
        if self.body.is_end_stream() {
            self.complete();
        }
        Ok(data)
    }

    /// The trailers are the last that comes; perhaps none of them goes on.
    fn end_with(&mut self, came: HeaderMap) -> Result<Option<Frame<Bytes>>, ForwardError> {
        let passed = self.trailers.as_ref().map(|trailers| trailers.pass(came)).transpose()?.unwrap_or_default();
        self.complete();
        Ok((!passed.is_empty()).then(|| Frame::trailers(passed)))
    }

    fn complete(&mut self) {
        self.tee.iter_mut().for_each(|tee| tee.end());
        self.end(COMPLETE);
    }

    /// The next piece, if the caller sends it in time.
    fn poll_caller(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        let next = Pin::new(&mut self.body).poll_frame(cx);
        let Some(hurry) = &mut self.hurry else { return next };
        let in_time = match &next {
            Poll::Pending => return hurry.poll(cx).map(|()| Some(Err(ForwardError::BodyTimeout))),
            // The last piece is late for nobody.
            Poll::Ready(Some(Ok(frame))) if !self.body.is_end_stream() => {
                hurry.came(frame.data_ref().map_or(0, Bytes::len))
            }
            Poll::Ready(_) => Verdict::Bearable,
        };
        match in_time {
            Verdict::Bearable => next,
            Verdict::TooSlow => Poll::Ready(Some(Err(ForwardError::BodyTimeout))),
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
                let next = upload.poll_next(cx);
                if let Some((pulse, wait)) = &upload.patience {
                    match &next {
                        Poll::Ready(_) => pulse.arm(*wait),
                        Poll::Pending => pulse.rest(),
                    }
                }
                next
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
