//! A request's body as HTTP/2 brings it. What was handed on is given back to the caller's
//! window, so he sends as fast as the backend takes and no faster (RFC 9113 §5.2).
//! Must never: give back what nobody has taken.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::{Frame, SizeHint};

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
            // Whatever the reason: half a body must not pass for a whole one.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use http::{HeaderMap, StatusCode};

    use super::Received;
    use crate::edge::http2::fault::Reason;
    use crate::edge::http2::inlet::{Inlet, Width};
    use crate::edge::http2::ready::Ready;
    use crate::edge::interim::Interims;
    use crate::edge::upstream::error::ForwardError;

    fn poll(body: &mut Received) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, ForwardError>>> {
        body.poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn pieces_trailers_and_the_end_come_once() {
        let inlet = Inlet::new(Ready::default().bell(0));
        let mut body = Received::new(Arc::clone(&inlet), Some(4), None);
        assert!(poll(&mut body).is_pending());
        inlet.push(b"abc", Width::Usual);
        assert_eq!(body.size_hint().exact(), Some(4));
        assert!(
            matches!(poll(&mut body), Poll::Ready(Some(Ok(frame))) if frame.data_ref().is_some_and(|d| &d[..] == b"abc"))
        );
        assert_eq!(body.size_hint().exact(), Some(1));
        inlet.push(b"d", Width::Usual);
        inlet.end(Some(HeaderMap::new()));
        assert!(matches!(poll(&mut body), Poll::Ready(Some(Ok(frame))) if frame.is_data()));
        assert!(!body.is_end_stream());
        assert!(matches!(poll(&mut body), Poll::Ready(Some(Ok(frame))) if frame.is_trailers()));
        assert!(matches!(poll(&mut body), Poll::Ready(None)) && body.is_end_stream());
    }

    /// §8.1.1: half a body never passes for a whole one, whatever the caller's reset says.
    #[test]
    fn a_reset_is_no_end() {
        for reason in [Reason::NO_ERROR, Reason::CANCEL, Reason(99)] {
            let inlet = Inlet::new(Ready::default().bell(0));
            let mut body = Received::new(Arc::clone(&inlet), None, None);
            inlet.push(b"half", Width::Usual);
            inlet.break_off(reason);
            assert!(matches!(poll(&mut body), Poll::Ready(Some(Err(ForwardError::BodyBroken)))), "{reason:?}");
        }
    }

    /// RFC 9110 §10.1.1: he is told to go on when somebody wants his body, and once.
    #[test]
    fn who_waits_to_go_on_is_told_when_his_body_is_wanted() {
        let interims = Arc::new(Interims::default());
        let inlet = Inlet::new(Ready::default().bell(0));
        let mut body = Received::new(Arc::clone(&inlet), None, Some(Arc::clone(&interims)));
        assert!(interims.take().is_empty());
        assert!(poll(&mut body).is_pending() && poll(&mut body).is_pending());
        assert_eq!(interims.take().iter().map(|i| i.status()).collect::<Vec<_>>(), [StatusCode::CONTINUE]);
        drop(body);
        assert!(!inlet.push(b"x", Width::Usual), "who drops it takes nothing more");
    }
}
