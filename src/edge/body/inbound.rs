//! A caller's body, whichever protocol brings it. Reading it is what asks the caller to
//! go on: nothing is read ahead, and a caller who waits for `100 Continue` hears it
//! when somebody wants his body and not before.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::edge::http1::wire::Wire;
use crate::edge::http2::received::Received;
use crate::edge::upstream::error::ForwardError;
use crate::edge::worker::lock;

/// A caller's body.
#[derive(Debug)]
pub struct Inbound(Source);

#[derive(Debug)]
enum Source {
    /// There is none.
    Nothing,
    /// On the connection it shares with the answer; what is left, where it is known.
    Http1 { wire: Arc<Mutex<Wire>>, left: Option<u64>, over: bool },
    /// On a stream of its own.
    Http2(Received),
}

impl Inbound {
    /// No body.
    pub fn empty() -> Inbound {
        Inbound(Source::Nothing)
    }

    /// The body behind the head that was read last from `wire`.
    pub(in crate::edge) fn http1(wire: &Arc<Mutex<Wire>>, length: Option<u64>) -> Inbound {
        match length {
            Some(0) => Inbound::empty(),
            left => Inbound(Source::Http1 { wire: Arc::clone(wire), left, over: false }),
        }
    }

    /// The body of a stream.
    pub(in crate::edge) fn http2(body: Received) -> Inbound {
        Inbound(Source::Http2(body))
    }
}

impl Body for Inbound {
    type Data = Bytes;
    type Error = ForwardError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        match &mut self.0 {
            Source::Nothing => Poll::Ready(None),
            Source::Http1 { over: true, .. } => Poll::Ready(None),
            Source::Http1 { wire, left, over } => {
                let next = std::task::ready!(lock(wire).poll_body(cx));
                match next.as_ref().map(|next| next.as_ref().ok().and_then(Frame::data_ref)) {
                    Some(Some(data)) => {
                        *left = left.map(|left| left - data.len() as u64);
                        *over = *left == Some(0);
                    }
                    // Trailers, a fault, or the end: nothing follows any of them.
                    Some(None) | None => *over = true,
                }
                Poll::Ready(next)
            }
            Source::Http2(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Nothing => true,
            Source::Http1 { over, .. } => *over,
            Source::Http2(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Nothing => SizeHint::with_exact(0),
            Source::Http1 { left, .. } => left.map_or_else(SizeHint::default, SizeHint::with_exact),
            Source::Http2(body) => body.size_hint(),
        }
    }
}
