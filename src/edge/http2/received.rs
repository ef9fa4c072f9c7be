//! A request's body as HTTP/2 brings it. What was handed on is given back to the caller's
//! window, so he sends as fast as the backend takes and no faster (RFC 9113 §5.2).
//! Must never: give back what nobody has taken.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};

use crate::edge::http2::fault::Reason;
use crate::edge::http2::inlet::{Inlet, Next};
use crate::edge::interim::Interims;
use crate::edge::upstream::error::ForwardError;

/// A body on its way in.
#[derive(Debug)]
pub struct Received {
    inlet: Arc<Inlet>,
    /// What is left of a `content-length`; a stream that does not keep to it is reset
    /// (RFC 9113 §8.1.1).
    length: Option<u64>,
    over: bool,
    /// Where a caller who waits for it is told to go on (RFC 9110 §10.1.1).
    waits: Option<Arc<Interims>>,
}

impl Received {
    /// The body of a stream whose head announced `length` bytes, if it did. `waits` are
    /// the interim answers of a caller who waits for `100 Continue`: he gets it when
    /// somebody wants his body.
    pub fn new(inlet: Arc<Inlet>, length: Option<u64>, waits: Option<Arc<Interims>>) -> Received {
        Received { inlet, length, over: false, waits }
    }

    /// The next piece.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(waits) = self.waits.take() {
            let mut go_on = Response::new(());
            *go_on.status_mut() = StatusCode::CONTINUE;
            waits.put(go_on);
        }
        match ready!(self.inlet.poll_next(cx)) {
            Next::Data(data) => {
                self.length = self.length.map(|left| left.saturating_sub(data.len() as u64));
                Poll::Ready(Some(Ok(Frame::data(data))))
            }
            Next::End(trailers) => {
                self.over = true;
                Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
            }
            // The answer was enough for the caller (RFC 9113 §8.1): nothing is missing.
            Next::Broken(Reason::NO_ERROR) => Poll::Ready(None),
            Next::Broken(_) => Poll::Ready(Some(Err(ForwardError::BodyBroken))),
        }
    }

    /// Whether nothing follows.
    pub fn is_end_stream(&self) -> bool {
        self.over || self.inlet.is_over()
    }

    /// How much does.
    pub fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        self.inlet.leave();
    }
}
