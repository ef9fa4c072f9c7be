//! Whether an answer may be made smaller on its way, and what its head says then. Only
//! what a route asks for, by type and size, and never against the word of the backend
//! (`no-transform`, an encoding of its own) or of the caller. A digest or a range speaks
//! of bytes as they are, so such an answer stays as it is. What secrets may leak by their
//! size (BREACH) is the operator's to weigh: the page `traffic.md` says how.

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::traffic::coding::{Coding, choose};

/// Types that are compressed unless a route lists its own.
pub const TYPES: [&str; 9] = [
    "text/html",
    "text/plain",
    "text/css",
    "text/xml",
    "text/csv",
    "application/json",
    "application/javascript",
    "application/xml",
    "image/svg+xml",
];

/// Fields that hold a digest of the bytes on the wire.
const DIGESTS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// What a route compresses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Compress {
    /// Codings it offers, the preferred one first.
    pub codings: Vec<Coding>,
    /// Which types.
    pub types: Vec<MediaRange>,
    /// Answers of a known length below this stay as they are.
    pub min: u64,
}

/// One type, or all of a kind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MediaRange {
    /// `application/json`.
    Exact(Box<str>),
    /// `text/*`, kept as `text/`. Streams of events are not among them.
    Kind(Box<str>),
    /// `application/*+json`, kept as both halves.
    Suffix(Box<str>, Box<str>),
}

impl MediaRange {
    /// Reads a range; `None` for what is none, and for all types at once.
    pub fn parse(text: &str) -> Option<MediaRange> {
        let (kind, sub) = text.split_once('/')?;
        let plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_' | b'+');
        let is_word = |word: &str| !word.is_empty() && word.bytes().all(plain);
        match (is_word(kind), sub.strip_prefix('*')) {
            (true, Some("")) => Some(MediaRange::Kind(format!("{kind}/").into())),
            (true, Some(suffix)) if suffix.starts_with('+') && is_word(suffix) => {
                Some(MediaRange::Suffix(format!("{kind}/").into(), suffix.into()))
            }
            (true, None) if is_word(sub) => Some(MediaRange::Exact(text.into())),
            _ => None,
        }
    }

    /// Whether it holds a type, written in lower case without parameters.
    pub fn holds(&self, media: &str) -> bool {
        match self {
            MediaRange::Exact(exact) => **exact == *media,
            MediaRange::Kind(kind) => media.starts_with(&**kind) && media != "text/event-stream",
            MediaRange::Suffix(kind, suffix) => media.starts_with(&**kind) && media.ends_with(&**suffix),
        }
    }
}

impl Compress {
    /// Decides about an answer and writes what its head says then. `length` is that of
    /// its body, where it is known.
    pub fn negotiate(
        &self,
        method: &Method,
        asked: &HeaderMap,
        status: StatusCode,
        length: Option<u64>,
        answered: &mut HeaderMap,
    ) -> Option<Coding> {
        if !self.is_eligible(status, length, answered) {
            return None;
        }
        // A cache has to know that another caller might have got it otherwise.
        answered.append(VARY, HeaderValue::from_static("Accept-Encoding"));
        let coding = choose(asked, &self.codings).filter(|_| *method != Method::HEAD && !forbids(asked))?;
        answered.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.as_str()));
        answered.remove(CONTENT_LENGTH);
        answered.remove(ACCEPT_RANGES);
        if let Some(weak) = answered.get(ETAG).and_then(weaker) {
            answered.insert(ETAG, weak);
        }
        Some(coding)
    }

    fn is_eligible(&self, status: StatusCode, length: Option<u64>, answered: &HeaderMap) -> bool {
        let bodiless = status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED);
        let fixed = answered.contains_key(CONTENT_RANGE) || DIGESTS.iter().any(|name| answered.contains_key(name));
        let encoded = answered.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity");
        let short = length.is_some_and(|length| length < self.min);
        !(bodiless || fixed || encoded || short || forbids(answered)) && self.is_listed(answered)
    }

    fn is_listed(&self, answered: &HeaderMap) -> bool {
        let Some(kind) = answered.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
        let media = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // gRPC frames its messages and compresses each by itself.
        !media.starts_with("application/grpc") && self.types.iter().any(|range| range.holds(&media))
    }
}

/// `Cache-Control: no-transform`, of either side.
fn forbids(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|word| word.trim().eq_ignore_ascii_case("no-transform"))
}

/// The tag as that of an equal, no longer an identical, body (RFC 9110 §8.8.1).
fn weaker(tag: &HeaderValue) -> Option<HeaderValue> {
    let strong = tag.as_bytes().starts_with(b"\"");
    strong.then(|| HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()).ok()).flatten()
}

#[cfg(test)]
mod tests;
