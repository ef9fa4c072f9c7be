//! The head of an answer in bytes, and the framing of what follows it (RFC 9112 §6).
//! Must never: write a second framing beside the one that holds.

use http::header::{self, HeaderMap, HeaderName};
use http::{Response, StatusCode, Version};

use crate::edge::body::outflow::write_decimal;
use crate::edge::head::reason::Reason;
use crate::edge::head::scanner::words;
use crate::edge::http1::connection::{Terms, Wanted};
use crate::edge::respond::date;
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

/// What an answer's own lines say, found while they are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::edge::http1) struct Said {
    /// Its length.
    length: Option<u64>,
    dated: bool,
    /// `Connection: close`.
    pub(in crate::edge::http1) close: bool,
}

/// Writes the status line and the header lines, but for those of the connection.
pub(in crate::edge::http1) fn write_lines<B>(answer: &Response<B>, out: &mut Vec<u8>) -> Said {
    out.reserve(USUAL_HEAD);
    let (status, headers) = (answer.status(), answer.headers());
    write_status(status, answer.extensions().get(), out);
    let upgrades = matches!(status, StatusCode::SWITCHING_PROTOCOLS | StatusCode::UPGRADE_REQUIRED);
    let mut said = Said::default();
    for (name, value) in headers {
        if *name == header::CONNECTION {
            said.close |= words(value.as_bytes()).any(|word| word.eq_ignore_ascii_case(b"close"));
            if !upgrades {
                continue;
            }
        } else if *name == header::TRANSFER_ENCODING {
            continue;
        } else if *name == header::CONTENT_LENGTH {
            said.length = value.to_str().ok().and_then(|text| text.parse().ok());
        } else if *name == header::DATE {
            said.dated = true;
        }
        line(name, value.as_bytes(), out);
    }
    said
}

/// Writes the status line; `reason` are a backend's own words for it.
fn write_status(status: StatusCode, reason: Option<&Reason>, out: &mut Vec<u8>) {
    if status == StatusCode::OK && reason.is_none() {
        return out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(match reason {
        Some(reason) => reason.as_bytes(),
        None => status.canonical_reason().unwrap_or_default().as_bytes(),
    });
    out.extend_from_slice(b"\r\n");
}

/// The framing of this answer. `exact` is the body's length where it is known.
pub(in crate::edge::http1) fn framing(terms: Terms, status: StatusCode, said: Said, exact: Option<u64>) -> Frame {
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Frame::Switched;
    }
    if status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        return Frame::Nothing(None);
    }
    if terms.body == Wanted::HeadOnly {
        return Frame::Nothing(exact.filter(|length| *length > 0));
    }
    match said.length.or(exact) {
        Some(length) => Frame::Length(length),
        None if terms.version == Version::HTTP_10 => Frame::UntilClose,
        None => Frame::Chunks,
    }
}

/// Writes what ends the head: framing, date, and what becomes of the connection.
pub(in crate::edge::http1) fn write_end(
    worker: &Worker,
    terms: Terms,
    said: Said,
    frame: Frame,
    then: Then,
    out: &mut Vec<u8>,
) {
    match frame {
        Frame::Length(length) | Frame::Nothing(Some(length)) if said.length.is_none() => {
            out.extend_from_slice(b"content-length: ");
            write_decimal(length, out);
            out.extend_from_slice(b"\r\n");
        }
        Frame::Chunks => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Frame::Length(_) | Frame::Nothing(_) | Frame::UntilClose | Frame::Switched => {}
    }
    if !said.dated && frame != Frame::Switched {
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

/// Writes an interim answer (RFC 9110 §15.2): a head with no framing of its own.
pub(in crate::edge::http1) fn interim(head: &Response<()>, out: &mut Vec<u8>) {
    write_status(head.status(), None, out);
    head.headers().iter().for_each(|(name, value)| line(name, value.as_bytes(), out));
    out.extend_from_slice(b"\r\n");
}

/// Writes the last chunk of a body and the trailers behind it (RFC 9112 §7.1.2).
pub(in crate::edge) fn last_chunk(trailers: &HeaderMap, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    trailers.iter().for_each(|(name, value)| line(name, value.as_bytes(), out));
    out.extend_from_slice(b"\r\n");
}

/// Writes one header line.
pub(in crate::edge) fn line(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    let name = name.as_str().as_bytes();
    out.reserve(name.len() + value.len() + 4);
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
