//! The head of an answer in bytes, and the framing of what follows it (RFC 9112 §6).
//! Must never: write a second framing beside the one that holds.

use http::header::{self, HeaderName};
use http::{HeaderMap, StatusCode, Version, response};

use crate::edge::date;
use crate::edge::head::scanner::words;
use crate::edge::http1::connection::{Terms, Wanted};
use crate::edge::outflow::write_decimal;
use crate::edge::worker::Worker;

/// How an answer's body is framed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge::http1) enum Frame {
    /// There is none, whatever the head says; to a `HEAD`, it would be so long.
    Nothing(Option<u64>),
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks, perhaps with trailers.
    Chunks,
    /// All that comes before the connection closes.
    UntilClose,
    /// Not HTTP any more.
    Switched,
}

/// What becomes of the connection behind an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge::http1) enum Then {
    Keep,
    Close,
}

/// Room for an ordinary head with a small body.
const USUAL_HEAD: usize = 512;

/// The framing of this answer. `exact` is the body's length where it is known.
pub(in crate::edge::http1) fn framing(terms: Terms, head: &response::Parts, exact: Option<u64>) -> Frame {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Frame::Switched;
    }
    if head.status.is_informational() || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Frame::Nothing(None);
    }
    if terms.body == Wanted::HeadOnly {
        return Frame::Nothing(exact.filter(|length| *length > 0));
    }
    match said_length(&head.headers).or(exact) {
        Some(length) => Frame::Length(length),
        None if terms.version == Version::HTTP_10 => Frame::UntilClose,
        None => Frame::Chunks,
    }
}

fn said_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the answer itself ends its connection.
pub(in crate::edge::http1) fn says_close(headers: &HeaderMap) -> bool {
    let close = |value: &header::HeaderValue| words(value.as_bytes()).any(|word| word.eq_ignore_ascii_case(b"close"));
    headers.get_all(header::CONNECTION).iter().any(close)
}

/// Writes the head.
pub(in crate::edge::http1) fn write(
    worker: &Worker,
    terms: Terms,
    head: &response::Parts,
    frame: Frame,
    then: Then,
    out: &mut Vec<u8>,
) {
    out.reserve(USUAL_HEAD);
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(head.status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.status.canonical_reason().unwrap_or_default().as_bytes());
    out.extend_from_slice(b"\r\n");
    let mut dated = false;
    for (name, value) in &head.headers {
        let ours = *name == header::CONNECTION && frame != Frame::Switched;
        if ours || *name == header::TRANSFER_ENCODING {
            continue;
        }
        dated |= *name == header::DATE;
        line(name, value.as_bytes(), out);
    }
    match frame {
        Frame::Length(length) | Frame::Nothing(Some(length)) if !head.headers.contains_key(header::CONTENT_LENGTH) => {
            out.extend_from_slice(b"content-length: ");
            write_decimal(length, out);
            out.extend_from_slice(b"\r\n");
        }
        Frame::Chunks => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Frame::Length(_) | Frame::Nothing(_) | Frame::UntilClose | Frame::Switched => {}
    }
    if !dated && frame != Frame::Switched {
        out.extend_from_slice(b"date: ");
        date::write(worker, out);
        out.extend_from_slice(b"\r\n");
    }
    match then {
        Then::Close if frame != Frame::Switched => out.extend_from_slice(b"connection: close\r\n"),
        Then::Keep if terms.version == Version::HTTP_10 => out.extend_from_slice(b"connection: keep-alive\r\n"),
        Then::Keep | Then::Close => {}
    }
    out.extend_from_slice(b"\r\n");
}

/// Writes one header line.
pub(in crate::edge) fn line(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
