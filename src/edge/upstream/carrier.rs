//! What carries one request to a backend and its answer back: a connection of HTTP/1.1
//! for itself alone, or a stream among others on one of HTTP/2.
//! Must never: be used for a second request while the first is under way.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use pin_project_lite::pin_project;

use crate::edge::body::BoxedAnswer;
use crate::edge::body::upload::Outgoing;
use crate::edge::interim::Awaiting;
use crate::edge::stream::Stream;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::call::Call;
use crate::edge::upstream::link::{Link, LinkError};
use crate::edge::worker::pulse::Pulse;

/// A request's own connection, or its stream.
#[derive(Debug)]
pub enum Carrier {
    /// A connection.
    Http1(Box<Link>),
    /// A stream.
    Http2(Box<Call>),
}

/// What comes of sending.
type Sent = Result<BoxedAnswer, LinkError>;

impl Carrier {
    /// Sends a request and waits for the head of its answer.
    pub fn send<'a>(
        &'a mut self,
        request: Request<Outgoing>,
        awaiting: Awaiting<'a>,
    ) -> impl Future<Output = Sent> + use<'a> {
        match self {
            Carrier::Http1(link) => Sending::Http1 { sending: link.send(request, awaiting) },
            Carrier::Http2(call) => Sending::Http2 { sending: Box::pin(call.send(request, awaiting)) },
        }
    }

    /// Times its waits.
    pub fn pulse(&self) -> &Arc<Pulse> {
        match self {
            Carrier::Http1(link) => link.pulse(),
            Carrier::Http2(call) => call.pulse(),
        }
    }

    /// True when nothing of the answer is to come.
    pub fn is_over(&self) -> bool {
        match self {
            Carrier::Http1(link) => link.download().is_done(),
            Carrier::Http2(call) => call.is_end_stream(),
        }
    }

    /// Whether all of the request is known to be gone, and nothing but bytes can follow:
    /// a stream may end in trailers whatever its length.
    pub fn has_sent_all(&self) -> bool {
        match self {
            Carrier::Http1(link) => link.has_sent_all(),
            Carrier::Http2(_) => false,
        }
    }

    /// How many bytes of the answer are to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self {
            Carrier::Http1(link) => link.download().left(),
            Carrier::Http2(call) => call.size_hint().exact(),
        }
    }

    /// The next piece of the answer's body, or its trailers.
    pub fn poll_download(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        match self {
            Carrier::Http1(link) => link.poll_download(cx),
            Carrier::Http2(call) => call.poll_frame(cx),
        }
    }

    /// Moves the request's body on while its answer is not wanted.
    pub fn drive_upload(&mut self, cx: &mut Context<'_>) {
        match self {
            Carrier::Http1(link) => link.drive_upload(cx),
            Carrier::Http2(call) => call.drive_upload(cx),
        }
    }

    /// The backend has kept a request waiting for too long.
    pub fn doubt(&self) {
        match self {
            // Nobody else uses the connection, and it is closed.
            Carrier::Http1(_) => {}
            Carrier::Http2(call) => call.doubt(),
        }
    }

    /// The bytes behind an answer after which HTTP is over, and the connection itself;
    /// `None`: it is not one request's own.
    pub fn into_tunnel(&mut self) -> Option<(Bytes, &mut Stream)> {
        match self {
            Carrier::Http1(link) => Some(link.into_tunnel()),
            Carrier::Http2(_) => None,
        }
    }
}

pin_project! {
    /// Either way of sending. The second is boxed, so that requests of HTTP/1.1 do not
    /// carry its size along.
    #[project = SendingProjection]
    enum Sending<F, G> {
        Http1 { #[pin] sending: F },
        Http2 { sending: Pin<Box<G>> },
    }
}

impl<F, G, A> Future for Sending<F, G>
where
    F: Future<Output = Result<A, LinkError>>,
    G: Future<Output = Sent>,
    A: Into<BoxedAnswer>,
{
    type Output = Sent;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Sent> {
        match self.project() {
            SendingProjection::Http1 { sending } => match ready!(sending.poll(cx)) {
                Ok(answer) => Poll::Ready(Ok(answer.into())),
                Err(error) => Poll::Ready(Err(error)),
            },
            SendingProjection::Http2 { sending } => sending.as_mut().poll(cx),
        }
    }
}
