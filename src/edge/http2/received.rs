//! A request's body as HTTP/2 brings it. What was handed on is given back to the caller's
//! window, so he sends as fast as the backend takes and no faster (RFC 9113 §5.2).
//! Must never: give back what nobody has taken.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use crate::edge::interim::Interims;

/// A body on its way in.
#[derive(Debug)]
pub struct Received {
    stream: RecvStream,
    /// What is left of a `content-length`; the library ends a stream that does not keep
    /// to it (RFC 9113 §8.1.1).
    length: Option<u64>,
    data: Data,
    /// Where a caller who waits for it is told to go on (RFC 9110 §10.1.1).
    waits: Option<Arc<Interims>>,
}

/// Whether data may still come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Data {
    Flows,
    Ended,
}

impl Received {
    /// The body of a stream whose head announced `length` bytes, if it did. `waits` are
    /// the interim answers of a caller who waits for `100 Continue`: he gets it when
    /// somebody wants his body.
    pub fn new(stream: RecvStream, length: Option<u64>, waits: Option<Arc<Interims>>) -> Received {
        Received { stream, length, data: Data::Flows, waits }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        let this = &mut *self;
        if let Some(waits) = this.waits.take() {
            let mut go_on = Response::new(());
            *go_on.status_mut() = StatusCode::CONTINUE;
            waits.put(go_on);
        }
        if this.data == Data::Flows {
            match ready!(this.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Only a stream that is gone has no window any more.
                    let _ = this.stream.flow_control().release_capacity(data.len());
                    this.length = this.length.map(|left| left.saturating_sub(data.len() as u64));
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                // The answer was enough for the caller (RFC 9113 §8.1): nothing is missing.
                Some(Err(error)) if error.reason() == Some(Reason::NO_ERROR) => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => this.data = Data::Ended,
            }
        }
        match ready!(this.stream.poll_trailers(cx)) {
            Ok(trailers) => Poll::Ready(trailers.map(|trailers: HeaderMap| Ok(Frame::trailers(trailers)))),
            Err(error) => Poll::Ready(Some(Err(error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.length {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}
