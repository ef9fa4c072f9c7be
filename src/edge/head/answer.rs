//! A backend's answer, read from its bytes: status line, header lines, and the framing
//! of its body (RFC 9112 §4–6). Bare line feeds are taken, since old servers write
//! them and nothing is copied through; what could frame a body in two ways is refused.
//! Must never: tell a caller, or a log, anything the backend said in a bad answer.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::{Method, Response, StatusCode, Version};

use crate::edge::body::{AnswerBody, BoxedAnswer};
use crate::edge::head::chunked::Chunks;
use crate::edge::head::field;
use crate::edge::head::framed::Framed;
use crate::edge::head::reason::Reason;
use crate::edge::head::scanner::{HeadLimits, words};
use crate::edge::worker::spare;

/// Bounds of an answer's head, and of its trailers; beyond them it is a bad one.
pub const LIMITS: HeadLimits = HeadLimits { bytes: 64 * 1024, fields: 100 };

/// Lines that maps are made for; most answers have fewer.
const USUAL_LINES: usize = 12;

/// The head is none, or one that cannot be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BadHead;

/// Whether the backend keeps its connection open after this answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// It may be used again.
    Keep,
    /// It ends with this answer.
    Close,
}

/// An answer's head and what follows from it.
#[derive(Debug)]
pub struct Answer {
    /// Status, version and header lines as they came; its body is not there yet.
    pub head: BoxedAnswer,
    /// The body behind it.
    pub body: Framed,
    /// What becomes of the connection.
    pub after: After,
}

impl From<Answer> for BoxedAnswer {
    fn from(answer: Answer) -> BoxedAnswer {
        answer.head
    }
}

/// How long the head at the front of `bytes` is; `None`: its end has not come. Up to
/// `searched` none was found before.
pub fn length(bytes: &[u8], searched: &mut usize) -> Result<Option<usize>, BadHead> {
    let mut from = *searched;
    while let Some(found) = memchr::memchr(b'\n', &bytes[from..]) {
        let end = from + found + 1;
        let rest = &bytes[end..];
        let empty = if rest.starts_with(b"\r\n") { Some(2) } else { rest.starts_with(b"\n").then_some(1) };
        match empty {
            Some(more) if end + more > LIMITS.bytes => return Err(BadHead),
            Some(more) => return Ok(Some(end + more)),
            // The empty line may still be on its way.
            None if rest.len() < 2 => {
                *searched = end - 1;
                return if end > LIMITS.bytes { Err(BadHead) } else { Ok(None) };
            }
            None => from = end,
        }
    }
    *searched = bytes.len();
    if bytes.len() > LIMITS.bytes { Err(BadHead) } else { Ok(None) }
}

/// Reads a whole head, the answer to a request of that method.
pub fn read(head: &Bytes, method: &Method) -> Result<Answer, BadHead> {
    let mut at = memchr::memchr(b'\n', head).ok_or(BadHead)? + 1;
    let (version, status, reason) = status_line(line(&head[..at - 1])).ok_or(BadHead)?;
    let mut headers = spare::take(USUAL_LINES);
    let mut facts = Facts::default();
    while let Some(found) = memchr::memchr(b'\n', &head[at..]) {
        let text = line(&head[at..at + found]);
        if text.is_empty() {
            break;
        }
        let (name, value) = field::split(text).map_err(|_| BadHead)?;
        let name = unpadded(name);
        facts.note(name, value)?;
        let name = HeaderName::from_bytes(name).map_err(|_| BadHead)?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(value)).map_err(|_| BadHead)?;
        headers.append(name, value);
        if headers.len() > LIMITS.fields {
            return Err(BadHead);
        }
        at += found + 1;
    }
    let (body, after) = facts.conclude(version, status, method)?;
    let mut head = Box::write(Box::new_uninit(), Response::new(AnswerBody::whole(Bytes::new())));
    *head.status_mut() = status;
    *head.version_mut() = version;
    *head.headers_mut() = headers;
    if let Some(reason) = reason {
        head.extensions_mut().insert(reason);
    }
    Ok(Answer { head, body, after })
}

/// A name without the blanks that some servers write in front of its colon, and that no
/// gateway may pass on (RFC 9112 §5.1).
fn unpadded(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

fn line(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// `HTTP/1.x NNN`, perhaps a blank and words that mean nothing.
fn status_line(text: &[u8]) -> Option<(Version, StatusCode, Option<Reason>)> {
    let rest = text.strip_prefix(b"HTTP/1.")?;
    let version = match rest.first()? {
        b'1' => Version::HTTP_11,
        b'0' => Version::HTTP_10,
        _ => return None,
    };
    let (code, words) = rest.get(1..)?.strip_prefix(b" ")?.split_at_checked(3)?;
    let clean = field::unclean(words).is_none() && (words.is_empty() || words[0] == b' ');
    let status = StatusCode::from_bytes(code).ok().filter(|_| clean)?;
    Some((version, status, Reason::of(status, words.get(1..).unwrap_or_default())))
}

/// What the header lines say about framing and connection.
#[derive(Default)]
struct Facts {
    length: Option<u64>,
    chunked: bool,
    close: bool,
    keep_alive: bool,
}

impl Facts {
    fn note(&mut self, name: &[u8], value: &[u8]) -> Result<(), BadHead> {
        match name.len() {
            10 if name.eq_ignore_ascii_case(b"connection") => {
                for word in words(value) {
                    self.close |= word.eq_ignore_ascii_case(b"close");
                    self.keep_alive |= word.eq_ignore_ascii_case(b"keep-alive");
                }
            }
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let length = field::content_length(value).map_err(|_| BadHead)?;
                if self.length.replace(length).is_some() {
                    return Err(BadHead);
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if self.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return Err(BadHead);
                }
                self.chunked = true;
            }
            _ => {}
        }
        Ok(())
    }

    /// RFC 9112 §6.3, without the cases that a reader and another could tell apart.
    fn conclude(self, version: Version, status: StatusCode, method: &Method) -> Result<(Framed, After), BadHead> {
        let old = version == Version::HTTP_10;
        if self.chunked && (old || self.length.is_some()) {
            return Err(BadHead);
        }
        let keeps = !self.close && (!old || self.keep_alive);
        let after = if keeps { After::Keep } else { After::Close };
        let bodiless = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
            || *method == Method::HEAD;
        Ok(match (bodiless, self.chunked, self.length) {
            (true, _, _) | (false, false, Some(0)) => (Framed::Done, after),
            (false, true, _) => (Framed::Chunks(Chunks::of_answer()), after),
            (false, false, Some(length)) => (Framed::Length(length), after),
            (false, false, None) => (Framed::UntilClose, After::Close),
        })
    }
}
