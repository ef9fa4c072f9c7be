//! One request on an HTTP/2 connection to a backend: its head rewritten from HTTP/1.1's
//! form, its body beside it, the answer's body and trailers back. Dropped before the end
//! it resets its stream and nothing else.
//! Must never: say that a request may be repeated which the backend may have acted on.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Version, response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use crate::edge::pulse::Pulse;
use crate::edge::upload::Outgoing;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::session::Seat;

/// One request and its answer.
#[derive(Debug)]
pub struct Call {
    seat: Seat,
    scheme: Scheme,
    pulse: Arc<Pulse>,
    body: Option<Incoming>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub enum CallError {
    /// It never left: here it is.
    Unsent(Box<Request<Outgoing>>),
    /// The backend has said that it did not look at it (REFUSED_STREAM, or GOAWAY before
    /// it: RFC 9113 §8.7). Whatever it is, it may be sent again.
    Refused,
    /// It may have been acted on.
    Failed(ForwardError),
}

impl Call {
    /// A request on this place. `pulse` times its waits.
    pub fn new(seat: Seat, scheme: Scheme, pulse: Arc<Pulse>) -> Call {
        Call { seat, scheme, pulse, body: None }
    }

    /// Times its waits.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Sends a request and waits for the head of its answer, at most `wait` after the
    /// backend has all of it. `patience` times that for a body that streams: the answer's
    /// own waits begin while it may still be on its way.
    pub async fn send(
        &mut self,
        request: Request<Outgoing>,
        wait: Duration,
        patience: Option<Arc<Pulse>>,
    ) -> Result<response::Parts, CallError> {
        let mut request = rewritten(request, &self.scheme).map_err(CallError::Failed)?;
        let pulse = match (request.body_mut(), patience) {
            (Outgoing::Stream(upload), Some(patience)) => {
                upload.be_patient(Arc::clone(&patience), wait);
                patience
            }
            _ => Arc::clone(&self.pulse),
        };
        pulse.arm(wait);
        let mut sending = std::pin::pin!(self.seat.sender().try_send_request(request));
        let outcome = std::future::poll_fn(|cx| {
            if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
                return Poll::Ready(Some(outcome));
            }
            pulse.register(cx.waker());
            if pulse.fired() { Poll::Ready(None) } else { Poll::Pending }
        })
        .await;
        pulse.rest();
        match outcome {
            None => Err(CallError::Failed(ForwardError::Timeout)),
            Some(Ok(answer)) => {
                let (parts, body) = answer.into_parts();
                self.body = Some(body);
                Ok(parts)
            }
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(request) => {
                    self.seat.leave();
                    CallError::Unsent(Box::new(request))
                }
                None => self.blame(&error.into_error()),
            }),
        }
    }

    /// The next piece of the answer, or its trailers.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        Pin::new(body).poll_frame(cx).map(|next| next.map(|frame| frame.map_err(|error| fault_of(&error))))
    }

    /// True when nothing more will come.
    pub fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(hyper::body::Body::is_end_stream)
    }

    /// How much will come, as far as the backend said.
    pub fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), hyper::body::Body::size_hint)
    }

    fn blame(&self, error: &hyper::Error) -> CallError {
        let cause = cause(error);
        let gone = cause.is_some_and(|cause| cause.is_go_away() && cause.is_remote());
        if gone {
            self.seat.leave();
        }
        let refused = cause.and_then(h2::Error::reason) == Some(h2::Reason::REFUSED_STREAM);
        let unseen = gone && cause.and_then(h2::Error::reason) == Some(h2::Reason::NO_ERROR);
        if refused || unseen { CallError::Refused } else { CallError::Failed(fault_of(error)) }
    }
}

/// The library's own word about what went wrong.
fn cause(error: &hyper::Error) -> Option<&h2::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref::<h2::Error>() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}

/// The backend's part in an error: what our side found wrong with what it sent is a bad
/// answer, everything else an end.
fn fault_of(error: &hyper::Error) -> ForwardError {
    match cause(error) {
        Some(cause) if cause.is_library() => ForwardError::BadAnswer,
        _ => ForwardError::Reset,
    }
}

/// The head as HTTP/2 writes it (RFC 9113 §8.3.1): the host is the authority, and what
/// frames or names the connection is left out. Trailers are always welcome (§8.2.2).
fn rewritten(request: Request<Outgoing>, scheme: &Scheme) -> Result<Request<Outgoing>, ForwardError> {
    let (mut head, body) = request.into_parts();
    let authority = head.headers.remove(header::HOST).ok_or(ForwardError::BodyBroken)?;
    let authority = Authority::try_from(authority.as_bytes()).map_err(|_| ForwardError::BodyBroken)?;
    let mut parts = head.uri.into_parts();
    parts.scheme = Some(scheme.clone());
    parts.authority = Some(authority);
    head.uri = Uri::from_parts(parts).map_err(|_| ForwardError::BodyBroken)?;
    head.version = Version::HTTP_2;
    head.headers.remove(header::TRANSFER_ENCODING);
    head.headers.remove(header::CONNECTION);
    head.headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(Request::from_parts(head, body))
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::uri::Scheme;

    use super::rewritten;
    use crate::edge::upload::Outgoing;

    #[test]
    fn a_head_of_http1_becomes_one_of_http2() {
        let request = Request::post("/a?b=c")
            .header("host", "api.test:8443")
            .header("transfer-encoding", "chunked")
            .header("x-user", "ana")
            .body(Outgoing::Empty)
            .expect("a request");
        let written = rewritten(request, &Scheme::HTTPS).expect("written");
        assert_eq!(written.uri(), "https://api.test:8443/a?b=c");
        let mut names: Vec<&str> = written.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["te", "x-user"]);
    }
}
