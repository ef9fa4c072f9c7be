//! How a forwarded request is framed (RFC 9112 §6): by the body that goes with it, whatever
//! the caller's own lines said. Must never: leave two framings in one head.

use http::Method;
use http::header::{self, HeaderMap, HeaderValue};
use http_body::Body as _;

use crate::edge::body::upload::Outgoing;
use crate::edge::head::scanner::words;

/// Says how long the body is, from the body itself, and whether trailers are welcome.
pub fn say(method: &Method, came: &HeaderMap, body: &Outgoing, headers: &mut HeaderMap) {
    let length = match body {
        Outgoing::Empty => {
            // RFC 9110 §8.6: where a body would mean something, its absence is said.
            let meant = matches!(*method, Method::POST | Method::PUT | Method::PATCH);
            (meant || came.contains_key(header::CONTENT_LENGTH)).then_some(0)
        }
        Outgoing::Whole(bytes) => Some(bytes.as_ref().map_or(0, |b| b.len() as u64)),
        Outgoing::Stream(upload) => match body.size_hint().exact() {
            Some(length) => Some(length),
            None => {
                headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
                let announced = upload.trailers().and_then(|trailers| trailers.announced(came));
                announced.into_iter().for_each(|names| drop(headers.insert(header::TRAILER, names)));
                None
            }
        },
    };
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    if came.get(header::TE).is_some_and(takes_trailers) {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

/// Whether a `TE` line says that trailers of an answer are welcome (RFC 9110 §10.1.4).
fn takes_trailers(line: &HeaderValue) -> bool {
    words(line.as_bytes()).any(|word| word.eq_ignore_ascii_case(b"trailers"))
}
