//! One stream: a request in, its answer out. Runs as a task of its own, which ends early
//! when the caller resets the stream or does not take his answer.
//! Must never: outlive its stream.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use h2::RecvStream;
use h2::ext::Protocol;
use h2::server::SendResponse;
use http::header::{self, HeaderName, HeaderValue};
use http::{Method, Request, Response};
use http_body::Body as _;

use crate::edge::date;
use crate::edge::http2::near::Near;
use crate::edge::http2::pump::Pump;
use crate::edge::http2::received::Received;
use crate::edge::inbound::Inbound;
use crate::edge::interim::Interims;
use crate::edge::serve::{Front, Serve};
use crate::edge::websocket::handover::Handover;
use crate::edge::websocket::tunnel;

/// Lines that HTTP/2 has no use for (RFC 9113 §8.2.2).
const OF_HTTP1: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// What a caller says who waits before he sends his body (RFC 9110 §10.1.1).
const CONTINUE: &[u8] = b"100-continue";

/// Answers one request.
pub(super) async fn attend<S: Serve>(
    front: Arc<Front<S>>,
    request: Request<RecvStream>,
    mut respond: SendResponse<Bytes>,
) {
    let (mut head, body) = request.into_parts();
    let length = head.headers.get(header::CONTENT_LENGTH).and_then(length_of);
    let bare = head.method == Method::HEAD;
    let connect = head.method == Method::CONNECT && head.extensions.get::<Protocol>().is_some();
    let waits = head.headers.get(header::EXPECT).is_some_and(|word| word.as_bytes().eq_ignore_ascii_case(CONTINUE));
    let interims = Arc::new(Interims::default());
    head.extensions.insert(Arc::clone(&interims));
    // What follows an extended CONNECT is a tunnel's, not a body's.
    let (body, tunnel) = match connect {
        true => (Inbound::empty(), Some(body)),
        false => (Inbound::http2(Received::new(body, length, waits.then(|| Arc::clone(&interims)))), None),
    };
    let answer = {
        // The life of a request is large, and is over long before a large answer has left.
        let mut answer = Box::pin(front.call(Request::from_parts(head, body)));
        let answered = poll_fn(|cx| {
            let outcome = answer.as_mut().poll(cx);
            for interim in interims.take() {
                // Only a stream that is gone refuses one; it is found just below.
                let _ = respond.send_informational(interim);
            }
            match outcome {
                Poll::Ready(answer) => Poll::Ready(Some(answer)),
                // The caller has lost interest: nobody waits for an answer.
                Poll::Pending => respond.poll_reset(cx).map(|_| None),
            }
        });
        match answered.await {
            Some(Ok(answer)) => answer,
            None => return,
        }
    };
    let (mut head, body) = answer.into_parts();
    // Hardly any answer has one, and to look through it costs less than to remove nothing.
    if head.headers.keys().any(|name| OF_HTTP1.contains(name)) {
        OF_HTTP1.iter().for_each(|name| drop(head.headers.remove(name)));
    }
    head.headers.entry(header::DATE).or_insert_with(|| date::value(&front.connection().worker));
    let far = head.extensions.remove::<Handover>().and_then(|handover| handover.take());
    if let (Some(far), Some(received)) = (far, tunnel) {
        match respond.send_response(Response::from_parts(head, ()), false) {
            Ok(stream) => Box::pin(tunnel::run(Near::new(received, stream), far)).await,
            Err(error) => tracing::debug!(%error, "an answer could not be sent over HTTP/2"),
        }
        return;
    }
    let empty = body.is_end_stream();
    if !empty && let Some(length) = body.size_hint().exact() {
        head.headers.entry(header::CONTENT_LENGTH).or_insert_with(|| HeaderValue::from(length));
    }
    // The answer to a HEAD is as long as it would be to a GET, and has no body.
    let ends = empty || bare;
    match respond.send_response(Response::from_parts(head, ()), ends) {
        Ok(stream) if !ends => {
            if let Err(error) = Pump::new(body, stream).await {
                tracing::debug!(%error, "an HTTP/2 stream ended early");
            }
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "an answer could not be sent over HTTP/2"),
    }
}

fn length_of(value: &HeaderValue) -> Option<u64> {
    value.to_str().ok()?.parse().ok()
}
