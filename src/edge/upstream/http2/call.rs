//! One request on an HTTP/2 connection to a backend: its head rewritten from HTTP/1.1's
//! form, its body beside it, the answer's body and trailers back. Dropped before the end
//! it resets its stream and nothing else.
//! Must never: say that a request may be repeated which the backend may have acted on.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use h2::Reason;
use h2::client::ResponseFuture;
use http::header::{self, HeaderValue};
use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response, Version};
use http_body::{Body as _, Frame, SizeHint};

use crate::edge::body::upload::Outgoing;
use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::forward::stamp::Stamp;
use crate::edge::interim::{Awaiting, Interims, MAX_INFORMING};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::answer::Answer;
use crate::edge::upstream::http2::sending::Sending;
use crate::edge::upstream::http2::session::Place;
use crate::edge::upstream::link::LinkError;
use crate::edge::worker::pulse::Pulse;

/// One request and its answer.
#[derive(Debug)]
pub struct Call {
    seat: Place,
    scheme: Scheme,
    pulse: Arc<Pulse>,
    sending: Sending,
    answer: Option<Answer>,
}

impl Call {
    /// A request on this place, whose waits `pulse` times.
    pub fn new(seat: Place, scheme: Scheme, pulse: Arc<Pulse>) -> Call {
        Call { seat, scheme, pulse, sending: Sending::of(Outgoing::Empty, None), answer: None }
    }

    /// Times its waits.
    pub fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// Sends a request and waits for the head of its answer. What the backend says that
    /// it did not look at (REFUSED_STREAM, or GOAWAY before it: RFC 9113 §8.7) counts as
    /// never sent, if its body is still there.
    pub async fn send(&mut self, request: Request<Outgoing>, awaiting: Awaiting<'_>) -> Result<BoxedAnswer, LinkError> {
        let (head, mut body) = rewritten(request, awaiting.stamp, &self.scheme)?.into_parts();
        let pulse = Arc::clone(&self.pulse);
        if let Outgoing::Stream(upload) = &mut body {
            upload.be_patient(Arc::clone(&pulse), awaiting.wait);
        }
        pulse.arm(awaiting.wait);
        let outcome = self.exchange(Request::from_parts(head, ()), body, awaiting.interims, &pulse).await;
        self.sending.be_calm();
        pulse.rest();
        if matches!(outcome, Err(LinkError::Failed(ForwardError::Timeout))) {
            self.doubt();
        }
        outcome
    }

    async fn exchange(
        &mut self,
        head: Request<()>,
        body: Outgoing,
        interims: Option<&Interims>,
        pulse: &Pulse,
    ) -> Result<BoxedAnswer, LinkError> {
        let sender = self.seat.sender();
        let ready = within(pulse, |cx| sender.poll_ready(cx)).await?;
        let ends = body.is_end_stream();
        let (mut coming, stream) = match ready.and_then(|()| sender.send_request(head, ends)) {
            Ok(begun) => begun,
            // A connection that takes no request any more.
            Err(_) => {
                self.seat.leave();
                return Err(LinkError::Unsent(body));
            }
        };
        self.sending = Sending::of(body, (!ends).then_some(stream));
        let mut informing = 0;
        let answer = within(pulse, |cx| {
            self.sending.poll(cx)?;
            hear(&mut coming, interims, &mut informing, cx)?;
            Pin::new(&mut coming).poll(cx).map(Ok::<_, ForwardError>)
        })
        .await??;
        match answer.map(Response::into_parts) {
            Ok((parts, body)) => {
                self.answer = Some(Answer::of(&parts, body));
                Ok(Box::new(Response::from_parts(parts, AnswerBody::whole(Bytes::new()))))
            }
            Err(error) => Err(self.blame(&error)),
        }
    }

    /// The next piece of the answer, or its trailers.
    pub fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ForwardError>>> {
        if let Err(fault) = self.sending.poll(cx) {
            return Poll::Ready(Some(Err(fault)));
        }
        let Some(answer) = &mut self.answer else { return Poll::Ready(None) };
        answer.poll_frame(cx).map(|next| next.map(|frame| frame.map_err(|error| fault_of(&error))))
    }

    /// Moves the request's body on while its answer is not wanted. What is wrong with it is
    /// said when it is.
    pub fn drive_upload(&mut self, cx: &mut Context<'_>) {
        let _ = self.sending.poll(cx);
    }

    /// True when nothing more will come.
    pub fn is_end_stream(&self) -> bool {
        self.answer.as_ref().is_none_or(Answer::is_end_stream)
    }

    /// How much will come, as far as the backend said.
    pub fn size_hint(&self) -> SizeHint {
        self.answer.as_ref().map_or_else(|| SizeHint::with_exact(0), Answer::size_hint)
    }

    /// The backend has kept a request waiting for too long: is its connection still there?
    pub fn doubt(&self) {
        self.seat.doubt();
    }

    fn blame(&mut self, error: &h2::Error) -> LinkError {
        let gone = error.is_go_away() && error.is_remote();
        if gone {
            self.seat.leave();
        }
        let unseen = error.reason() == Some(Reason::REFUSED_STREAM) || gone && error.reason() == Some(Reason::NO_ERROR);
        let again = if unseen { self.sending.take_back() } else { None };
        again.map_or_else(|| LinkError::Failed(fault_of(error)), LinkError::Unsent)
    }
}

/// A step, if it does not take longer than `pulse` is armed for.
async fn within<T>(pulse: &Pulse, mut step: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T, ForwardError> {
    poll_fn(|cx| {
        if let Poll::Ready(done) = step(cx) {
            return Poll::Ready(Ok(done));
        }
        pulse.register(cx.waker());
        if pulse.fired() { Poll::Ready(Err(ForwardError::Timeout)) } else { Poll::Pending }
    })
    .await
}

/// Passes on what the backend says before its answer, within bounds.
fn hear(
    coming: &mut ResponseFuture,
    interims: Option<&Interims>,
    informing: &mut usize,
    cx: &mut Context<'_>,
) -> Result<(), ForwardError> {
    while let Poll::Ready(Some(Ok(interim))) = coming.poll_informational(cx) {
        *informing += 1;
        if *informing > MAX_INFORMING {
            return Err(ForwardError::BadAnswer);
        }
        if let Some(interims) = interims {
            interims.pass(interim.into_parts().0);
        }
    }
    Ok(())
}

/// The backend's part in an error: what our side found wrong with what it sent is a bad
/// answer, everything else an end.
fn fault_of(error: &h2::Error) -> ForwardError {
    if error.is_library() { ForwardError::BadAnswer } else { ForwardError::Reset }
}

/// The head as HTTP/2 writes it (RFC 9113 §8.3.1): the host is the authority, and what
/// frames or names the connection is left out. Trailers are always welcome (§8.2.2).
fn rewritten(
    request: Request<Outgoing>,
    stamp: Option<&Stamp>,
    scheme: &Scheme,
) -> Result<Request<Outgoing>, ForwardError> {
    let (mut head, body) = request.into_parts();
    stamp.iter().for_each(|stamp| stamp.set(&mut head.headers));
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
    use crate::edge::body::upload::Outgoing;

    #[test]
    fn a_head_of_http1_becomes_one_of_http2() {
        let request = Request::post("/a?b=c")
            .header("host", "api.test:8443")
            .header("transfer-encoding", "chunked")
            .header("x-user", "ana")
            .body(Outgoing::Empty)
            .expect("a request");
        let written = rewritten(request, None, &Scheme::HTTPS).expect("written");
        assert_eq!(written.uri(), "https://api.test:8443/a?b=c");
        let mut names: Vec<&str> = written.headers().keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["te", "x-user"]);
    }
}
