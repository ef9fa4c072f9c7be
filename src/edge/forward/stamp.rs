//! What every backend is told about where a request came from and which host it was for:
//! `Host`, `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded`. No rule of a route touches
//! these lines and most connections say the same ones over and over, so they are kept as
//! text and written by whoever writes the request.
//! Must never: go to a backend beside a caller's line of the same name.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::edge::http1::reply::line;

pub(in crate::edge) const X_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
pub(in crate::edge) const X_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
pub(in crate::edge) const X_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The five lines of one request, or of all that are alike.
#[derive(Debug, PartialEq, Eq)]
pub struct Stamp {
    lines: [(HeaderName, HeaderValue); 5],
    text: Vec<u8>,
    /// Whether the backend sees another host than the one that was asked for.
    instead: bool,
}

impl Stamp {
    /// The lines for `host`; then whom the request is for, how it came, which host was asked
    /// for, and all of it in one (RFC 7239).
    pub fn of(host: HeaderValue, by: HeaderValue, proto: HeaderValue, asked: HeaderValue, all: HeaderValue) -> Stamp {
        let lines = [(header::HOST, host), (X_FOR, by), (X_PROTO, proto), (X_HOST, asked), (header::FORWARDED, all)];
        let mut text = Vec::new();
        lines.iter().for_each(|(name, value)| line(name, value.as_bytes(), &mut text));
        text.shrink_to_fit();
        let instead = lines[0].1 != lines[3].1;
        Stamp { lines, text, instead }
    }

    /// Whether it serves for a request that asked for `asked` and goes to a backend as one
    /// for `instead`, if the backend is to see another host.
    pub fn serves(&self, asked: &HeaderValue, instead: Option<&HeaderValue>) -> bool {
        self.lines[3].1 == *asked
            && self.instead == instead.is_some()
            && instead.is_none_or(|host| self.lines[0].1 == *host)
    }

    /// The lines as HTTP/1.1 has them, each with its end.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Sets the lines where a message is a map.
    pub fn set(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.lines {
            headers.insert(name.clone(), value.clone());
        }
    }
}
