//! One HTTP/1.1 connection to a backend, driven by the task of the request that uses
//! it: no task of its own, hence no wake-up from one task to another per request. The
//! request leaves head and body together where it can; its body goes on while the
//! answer is awaited, and the answer may come first.
//! Must never: be used by two requests at once, or again after an unclean end.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::{Body as _, Frame};

use crate::edge::body::inflow::{Inflow, Want};
use crate::edge::body::outflow::Outflow;
use crate::edge::body::stall;
use crate::edge::body::upload::Outgoing;
use crate::edge::head::answer::{self, After, Answer};
use crate::edge::head::framed::{Framed, Step};
use crate::edge::head::trailer;
use crate::edge::http1::reply;
use crate::edge::interim::{Awaiting, Interims, MAX_INFORMING};
use crate::edge::stream::Stream;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::request;
use crate::edge::worker::pulse::{Pulse, Tick};
use crate::edge::worker::wave::Wave;

/// A connection to one server.
#[derive(Debug)]
pub struct Link {
    stream: Stream,
    inflow: Inflow,
    outflow: Outflow,
    /// The request's body, until the socket has all of it.
    upload: Outgoing,
    coding: Coding,
    /// Whether anything of it is still to be asked for.
    source: Source,
    /// Its first piece, until it is known that the connection takes anything at all.
    first: Option<Bytes>,
    /// What is left of the answer's body.
    download: Framed,
    state: State,
    pulse: Arc<Pulse>,
    /// When it last came free.
    pub(in crate::edge::upstream) idle_since: Tick,
}

/// How a request's body is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Coding {
    Plain,
    Chunks,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Source {
    Flowing,
    Dry,
}

/// How much of a request is gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sent {
    All,
    /// The socket takes no more.
    Broken,
}

/// How far reading an answer's head has come.
struct Progress<'a> {
    searched: usize,
    informing: usize,
    /// The requests of one wave leave together.
    wave: Wave,
    /// Where those that inform go on to the caller, if he can be told.
    interims: Option<&'a Interims>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Between requests, or in an exchange that goes well.
    Well,
    /// The same, and no other exchange follows.
    Last,
    /// Nothing can be sent any more; an answer may still be there.
    Deaf,
    /// Of no use.
    Gone,
}

impl State {
    /// Whether the backend still takes what belongs to the request.
    fn takes(self) -> bool {
        matches!(self, State::Well | State::Last)
    }
}

/// Why a request got no answer over this link.
#[derive(Debug)]
pub enum LinkError {
    /// Not a byte of it was written: with this body it may be sent again over another.
    Unsent(Outgoing),
    /// It was written, at least in part.
    Failed(ForwardError),
}

impl From<ForwardError> for LinkError {
    fn from(error: ForwardError) -> LinkError {
        LinkError::Failed(error)
    }
}

impl Link {
    /// Speaks HTTP/1.1 over a fresh stream. `pulse` times every wait of this link. Boxed,
    /// since it moves twice with every request.
    pub fn over(stream: impl Into<Stream>, pulse: Arc<Pulse>) -> Box<Link> {
        Box::new(Link {
            stream: stream.into(),
            inflow: Inflow::default(),
            outflow: Outflow::default(),
            upload: Outgoing::Empty,
            coding: Coding::Plain,
            source: Source::Dry,
            first: None,
            download: Framed::Done,
            state: State::Well,
            pulse,
            idle_since: Tick::now(),
        })
    }

    /// Times the waits of this link.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Whether a request can be sent now. A backend that closed the connection, or said
    /// something unasked, is found here.
    pub fn is_usable(&mut self) -> bool {
        self.is_clean() && self.stream.is_silent()
    }

    /// Whether both messages are through and nothing is left over.
    pub(in crate::edge::upstream) fn is_clean(&self) -> bool {
        self.state == State::Well
            && matches!(self.upload, Outgoing::Empty)
            && self.outflow.is_empty()
            && self.download.is_done()
            && self.inflow.is_empty()
    }

    /// Sends a request and waits for the head of its answer. Dropped before the end, it
    /// leaves the link unusable.
    pub fn send<'a>(
        &'a mut self,
        request: Request<Outgoing>,
        awaiting: Awaiting<'a>,
    ) -> impl Future<Output = Result<Answer, LinkError>> + use<'a> {
        let method = self.begin(request, &awaiting);
        let mut progress = Progress { searched: 0, informing: 0, wave: Wave::default(), interims: awaiting.interims };
        poll_fn(move |cx| self.poll_answer(cx, &method, &mut progress))
    }

    fn begin(&mut self, request: Request<Outgoing>, awaiting: &Awaiting<'_>) -> Method {
        let wait = awaiting.wait;
        let (head, body) = request.into_parts();
        // Until the answer is through, whoever drops it leaves something unread.
        self.download = Framed::UntilClose;
        let coding = request::write(&head, awaiting.stamp, self.outflow.begin());
        self.coding = if coding == request::Framing::Chunks { Coding::Chunks } else { Coding::Plain };
        self.upload = body;
        self.source = Source::Dry;
        match &mut self.upload {
            Outgoing::Empty => {}
            Outgoing::Whole(bytes) => self.outflow.push(bytes.clone().unwrap_or_default()),
            Outgoing::Stream(upload) => {
                upload.be_patient(Arc::clone(&self.pulse), wait);
                self.source = Source::Flowing;
            }
        }
        self.pulse.arm(wait);
        crate::edge::worker::spare::keep(head.headers);
        head.method
    }

    fn poll_answer(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
        progress: &mut Progress<'_>,
    ) -> Poll<Result<Answer, LinkError>> {
        self.pulse.register(cx.waker());
        ready!(progress.wave.poll(cx));
        if self.state.takes() && self.poll_upload(cx)? == Poll::Ready(Sent::Broken) {
            if self.outflow.sent() == 0 {
                self.state = State::Gone;
                return Poll::Ready(Err(LinkError::Unsent(self.take_back())));
            }
            // The backend may have said why before it closed.
            self.state = State::Deaf;
        }
        let Poll::Ready(answer) = self.poll_answer_head(cx, method, progress) else {
            if self.pulse.fired() {
                return Poll::Ready(Err(ForwardError::Timeout.into()));
            }
            return Poll::Pending;
        };
        if let Outgoing::Stream(upload) = &mut self.upload {
            upload.be_calm();
        }
        self.pulse.rest();
        let answer = answer?;
        self.download = answer.body.clone();
        if answer.after == After::Close && self.state == State::Well {
            self.state = State::Last;
        }
        if !self.inflow.is_empty() && self.download.is_done() && answer.head.status() != StatusCode::SWITCHING_PROTOCOLS
        {
            self.state = State::Gone;
        }
        Poll::Ready(Ok(answer))
    }

    /// The next answer that is not only informing.
    fn poll_answer_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
        progress: &mut Progress<'_>,
    ) -> Poll<Result<Answer, ForwardError>> {
        loop {
            let bad = |_| ForwardError::BadAnswer;
            while let Some(length) = answer::length(self.inflow.bytes(), &mut progress.searched).map_err(bad)? {
                progress.searched = 0;
                let answer = answer::read(&self.inflow.take(length), method).map_err(bad)?;
                let status = answer.head.status();
                if !status.is_informational() || status == StatusCode::SWITCHING_PROTOCOLS {
                    return Poll::Ready(Ok(answer));
                }
                progress.informing += 1;
                if let Some(interims) = progress.interims {
                    interims.pass((*answer.head).into_parts().0);
                }
                if progress.informing > MAX_INFORMING {
                    return Poll::Ready(Err(ForwardError::BadAnswer));
                }
            }
            match ready!(self.inflow.poll_fill(&mut self.stream, cx, Want::answer(stall::share(), None))) {
                Ok(1..) => {}
                end => return Poll::Ready(Err(ForwardError::of_end(&end))),
            }
        }
    }

    /// Brings the request on its way as far as it goes; an error is the caller's.
    fn poll_upload(&mut self, cx: &mut Context<'_>) -> Poll<Result<Sent, ForwardError>> {
        loop {
            let mut waits = false;
            while self.source == Source::Flowing && !waits && self.first.is_none() && self.outflow.has_room() {
                match Pin::new(&mut self.upload).poll_frame(cx) {
                    Poll::Pending => waits = true,
                    Poll::Ready(Some(Ok(piece))) => {
                        match piece.into_data() {
                            Ok(data) => self.put(data),
                            Err(piece) => self.end_upload(piece.into_trailers().ok()),
                        }
                        if self.source == Source::Flowing && self.upload.is_end_stream() {
                            self.end_upload(None);
                        }
                    }
                    Poll::Ready(None) => self.end_upload(None),
                    Poll::Ready(Some(Err(fault))) => {
                        self.state = State::Gone;
                        return Poll::Ready(Err(fault));
                    }
                }
            }
            let flushed = self.outflow.poll_flush(&mut self.stream, cx);
            if self.outflow.sent() > 0 {
                self.first = None;
            }
            match flushed {
                Poll::Ready(Err(_)) => return Poll::Ready(Ok(Sent::Broken)),
                Poll::Ready(Ok(())) if self.source == Source::Dry => {
                    self.upload = Outgoing::Empty;
                    return Poll::Ready(Ok(Sent::All));
                }
                Poll::Ready(Ok(())) if !waits => {}
                Poll::Ready(Ok(())) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn put(&mut self, data: Bytes) {
        if self.outflow.sent() == 0 {
            self.first = Some(data.clone());
        }
        match self.coding {
            Coding::Plain => self.outflow.push(data),
            Coding::Chunks => self.outflow.push_chunk(data),
        }
    }

    /// Trailers go with chunks only: elsewhere there is no place for them.
    fn end_upload(&mut self, trailers: Option<HeaderMap>) {
        self.source = Source::Dry;
        match (self.coding, trailers) {
            (Coding::Plain, _) => {}
            (Coding::Chunks, None) => self.outflow.push_end(),
            (Coding::Chunks, Some(trailers)) => reply::last_chunk(&trailers, self.outflow.text()),
        }
    }

    /// The body of a request of which nothing was sent.
    fn take_back(&mut self) -> Outgoing {
        let mut body = std::mem::replace(&mut self.upload, Outgoing::Empty);
        if let (Outgoing::Stream(upload), Some(first)) = (&mut body, self.first.take()) {
            upload.put_back(first);
        }
        body
    }

    /// Moves the request's body on while its answer is not wanted.
    pub fn drive_upload(&mut self, cx: &mut Context<'_>) {
        if self.state.takes() && matches!(self.poll_upload(cx), Poll::Ready(Ok(Sent::Broken))) {
            self.state = State::Deaf;
        }
    }

    /// The next piece of the answer's body, or its trailers.
    pub fn poll_download(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if self.state.takes() {
            match self.poll_upload(cx) {
                Poll::Ready(Err(fault)) => return Poll::Ready(Some(Err(fault))),
                Poll::Ready(Ok(Sent::Broken)) => self.state = State::Deaf,
                Poll::Ready(Ok(Sent::All)) | Poll::Pending => {}
            }
        }
        loop {
            match self.download.next(self.inflow.bytes(), answer::LIMITS) {
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
                Step::Refused(_) => return Poll::Ready(Some(Err(ForwardError::BadAnswer))),
                Step::More { skip } => self.inflow.skip(skip),
            }
            let want = Want::answer(stall::share(), self.download.left());
            match ready!(self.inflow.poll_fill(&mut self.stream, cx, want)) {
                Ok(1..) => {}
                Ok(0) if matches!(self.download, Framed::UntilClose) => {
                    self.download = Framed::Done;
                    self.state = State::Gone;
                }
                Ok(0) | Err(_) => return Poll::Ready(Some(Err(ForwardError::Reset))),
            }
        }
    }

    /// Whether all of the request is gone.
    pub fn has_sent_all(&self) -> bool {
        matches!(self.upload, Outgoing::Empty)
    }

    /// What is still to come of the answer's body.
    pub fn download(&self) -> &Framed {
        &self.download
    }

    /// The bytes behind an answer after which HTTP is over, and the stream itself.
    pub fn into_tunnel(&mut self) -> (Bytes, &mut Stream) {
        self.state = State::Gone;
        let early = self.inflow.take(self.inflow.bytes().len());
        (early, &mut self.stream)
    }
}
