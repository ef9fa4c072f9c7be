//! One request on an HTTP/2 connection to a backend: its head rewritten from HTTP/1.1's
//! form, its body beside it, the answer's body and trailers back. Dropped before the end
//! it resets its stream and nothing else.
//! Must never: say that a request may be repeated which the backend may have acted on.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use http::header::{self, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Version, response};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;

use crate::edge::pulse::Pulse;
use crate::edge::upload::Outgoing;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::session::Place;
use crate::edge::upstream::link::LinkError;

/// One request and its answer.
#[derive(Debug)]
pub struct Call {
    seat: Place,
    scheme: Scheme,
    pulse: Arc<Pulse>,
    /// Times the backend for a body that streams: the answer's own waits begin while it
    /// may still be on its way.
    patience: Arc<Pulse>,
    body: Option<Incoming>,
}

impl Call {
    /// A request on this place. The two pulses time its waits.
    pub fn new(seat: Place, scheme: Scheme, (pulse, patience): (Arc<Pulse>, Arc<Pulse>)) -> Call {
        Call { seat, scheme, pulse, patience, body: None }
    }

    /// Times its waits.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Sends a request and waits for the head of its answer, at most `wait` after the
    /// backend has all of it. What the backend says that it did not look at
    /// (REFUSED_STREAM, or GOAWAY before it: RFC 9113 §8.7) counts as never sent, if its
    /// body is still there.
    pub async fn send(&mut self, request: Request<Outgoing>, wait: Duration) -> Result<response::Parts, LinkError> {
        let again = match request.body() {
            Outgoing::Empty => Some(Outgoing::Empty),
            Outgoing::Whole(bytes) => Some(Outgoing::Whole(bytes.clone())),
            Outgoing::Stream(_) => None,
        };
        let mut request = rewritten(request, &self.scheme)?;
        let pulse = match request.body_mut() {
            Outgoing::Stream(upload) => {
                upload.be_patient(Arc::clone(&self.patience), wait);
                Arc::clone(&self.patience)
            }
            Outgoing::Empty | Outgoing::Whole(_) => Arc::clone(&self.pulse),
        };
        pulse.arm(wait);
        let mut sending = pin!(self.seat.sender().try_send_request(request));
        let outcome = poll_fn(|cx| {
            if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
                return Poll::Ready(Some(outcome));
            }
            pulse.register(cx.waker());
            if pulse.fired() { Poll::Ready(None) } else { Poll::Pending }
        })
        .await;
        pulse.rest();
        match outcome {
            None => Err(ForwardError::Timeout.into()),
            Some(Ok(answer)) => {
                let (parts, body) = answer.into_parts();
                self.body = Some(body);
                Ok(parts)
            }
            Some(Err(mut error)) => Err(match error.take_message() {
                Some(request) => {
                    self.seat.leave();
                    LinkError::Unsent(request.into_body())
                }
                None => self.blame(&error.into_error(), again),
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

    fn blame(&self, error: &hyper::Error, again: Option<Outgoing>) -> LinkError {
        let cause = cause(error);
        let gone = cause.is_some_and(|cause| cause.is_go_away() && cause.is_remote());
        if gone {
            self.seat.leave();
        }
        let reason = cause.and_then(h2::Error::reason);
        let unseen = reason == Some(Reason::REFUSED_STREAM) || gone && reason == Some(Reason::NO_ERROR);
        match again.filter(|_| unseen) {
            Some(body) => LinkError::Unsent(body),
            None => LinkError::Failed(fault_of(error)),
        }
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
