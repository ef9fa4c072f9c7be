//! A request's body as its connection brings it, whichever protocol that speaks.
//! Must never: say that a body is whole when it broke off.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::edge::http2::received::Received;
use crate::edge::upstream::error::ForwardError;

/// A request's body on its way in.
#[derive(Debug)]
pub enum Inbound {
    /// Over HTTP/1.
    Http1(Incoming),
    /// Over HTTP/2.
    Http2(Received),
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        match &mut *self {
            Inbound::Http1(body) => {
                Pin::new(body).poll_frame(cx).map(|next| next.map(|frame| frame.map_err(|error| fault_of(&error))))
            }
            Inbound::Http2(body) => {
                Pin::new(body).poll_frame(cx).map(|next| next.map(|frame| frame.map_err(|_| ForwardError::BodyBroken)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Inbound::Http1(body) => body.is_end_stream(),
            Inbound::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Inbound::Http1(body) => body.size_hint(),
            Inbound::Http2(body) => body.size_hint(),
        }
    }
}

/// Whose word ended a caller's body: his clock, or his framing.
fn fault_of(error: &hyper::Error) -> ForwardError {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::TimedOut) {
            return ForwardError::BodyTimeout;
        }
        source = cause.source();
    }
    ForwardError::BodyBroken
}
