//! An answer's body as HTTP/2 brings it from a backend, its trailers behind it. What was
//! handed on is given back to the backend's window. Must never: take a stream that was
//! reset for one that ended.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::{header, response};
use http_body::{Frame, SizeHint};

use crate::edge::head::chunked::FORBIDDEN;

/// A body on its way in.
#[derive(Debug)]
pub(super) struct Answer {
    stream: RecvStream,
    /// What is left of a `content-length`, to which the library holds the backend (RFC
    /// 9113 §8.1.1).
    left: Option<u64>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Data,
    Trailers,
}

impl Answer {
    /// The body behind this head.
    pub(super) fn of(head: &response::Parts, stream: RecvStream) -> Answer {
        let length = head.headers.get(header::CONTENT_LENGTH);
        let left = length.and_then(|length| length.to_str().ok()?.parse().ok());
        Answer { stream, left, stage: Stage::Data }
    }

    /// The next piece, or the trailers. What was taken opens the window again.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if self.stage == Stage::Data {
            match ready!(self.stream.poll_data(cx)) {
                Some(Ok(data)) => {
                    // Only a stream that is gone has no window any more.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.stage = Stage::Trailers,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(cx)).transpose();
        Poll::Ready(trailers.map(|trailers| {
            let mut trailers = trailers?;
            // What a caller of HTTP/1.1 must not find behind a body, from no backend.
            FORBIDDEN.iter().for_each(|name| drop(trailers.remove(*name)));
            Ok(Frame::trailers(trailers))
        }))
    }

    /// True when nothing more will come.
    pub(super) fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }

    /// How much will come, as far as the backend said.
    pub(super) fn size_hint(&self) -> SizeHint {
        let left = if self.is_end_stream() { Some(0) } else { self.left };
        left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
