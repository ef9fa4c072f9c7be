//! The first line of an HTTP/1 request (RFC 9112 §3): method, target, version, with
//! exactly two single spaces. Only what framing and safety need is looked at; the
//! path is `access::path`'s business.

use std::ops::Range;

use crate::edge::head::field::{is_token, unclean};
use crate::edge::head::host::is_host;
use crate::edge::head::refusal::Refusal;

/// The longest target that is read; more is 414.
pub const MAX_TARGET_BYTES: usize = 8 * 1024;

/// The longest method; the registered ones have at most 17 letters.
const MAX_METHOD_BYTES: usize = 32;

/// The versions that share this framing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// No chunked bodies.
    Http10,
    /// The usual one.
    Http11,
}

/// What the rest of the head is judged by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestLine {
    /// As spoken by the caller.
    pub version: Version,
    /// Length of the method, with which the line begins.
    pub method: usize,
    /// Where the target stands.
    pub target: Range<usize>,
    /// Where in the line the authority of an absolute target stands.
    pub authority: Option<Range<usize>>,
}

/// Reads the line without its end.
pub fn parse(line: &[u8]) -> Result<RequestLine, Refusal> {
    if let Some(refusal) = unclean(line) {
        return Err(refusal);
    }
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Refusal::RequestLine);
    };
    if method.len() > MAX_METHOD_BYTES || !is_token(method) {
        return Err(Refusal::RequestLine);
    }
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            return Err(Refusal::Version);
        }
        _ => return Err(Refusal::RequestLine),
    };
    if target.len() > MAX_TARGET_BYTES {
        return Err(Refusal::TargetTooLong);
    }
    if target.is_empty() {
        return Err(Refusal::RequestLine);
    }
    let start = method.len() + 1;
    let authority = authority(method, target)?.map(|range| start + range.start..start + range.end);
    Ok(RequestLine { version, method: method.len(), target: start..start + target.len(), authority })
}

/// Judges the form of the target (RFC 9112 §3.2); an absolute one names an authority.
/// `CONNECT` asks for a tunnel, which nobody gets.
fn authority(method: &[u8], target: &[u8]) -> Result<Option<Range<usize>>, Refusal> {
    if method == b"CONNECT" || !target.iter().all(|byte| TARGET[usize::from(*byte)]) {
        return Err(Refusal::Target);
    }
    if target[0] == b'/' || (target == b"*" && method == b"OPTIONS") {
        return Ok(None);
    }
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes())));
    let Some(scheme) = scheme else { return Err(Refusal::Target) };
    let rest = &target[scheme.len()..];
    let end = rest.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(rest.len());
    if !is_host(&rest[..end]) {
        return Err(Refusal::Target);
    }
    Ok(Some(scheme.len()..scheme.len() + end))
}

/// Bytes a target may hold: visible ASCII, but no fragment and none of the quotes and
/// brackets that no URI has (RFC 3986) and that parsers disagree about.
const TARGET: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        table[byte] = !matches!(byte as u8, b'"' | b'#' | b'<' | b'>' | b'`');
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::{MAX_TARGET_BYTES, RequestLine, Version, parse};
    use crate::edge::head::refusal::Refusal;

    #[test]
    fn the_usual_forms() {
        let plain = |method: usize, target| RequestLine { version: Version::Http11, method, target, authority: None };
        assert_eq!(parse(b"GET / HTTP/1.1"), Ok(plain(3, 4..5)));
        assert_eq!(parse(b"M-SEARCH /a?b=c|d{e} HTTP/1.1"), Ok(plain(8, 9..20)));
        assert_eq!(parse(b"OPTIONS * HTTP/1.1"), Ok(plain(7, 8..9)));
        let line = b"GET HTTP://a.example:80/x HTTP/1.0";
        let absolute = parse(line).expect("an absolute target");
        assert_eq!(absolute.version, Version::Http10);
        assert_eq!(&line[absolute.authority.expect("an authority")], b"a.example:80");
        let line = b"GET https://h?q HTTP/1.1";
        assert_eq!(&line[parse(line).expect("no path").authority.expect("an authority")], b"h");
    }

    #[test]
    fn everything_else_is_refused() {
        let cases: &[(&[u8], Refusal)] = &[
            (b"GET /", Refusal::RequestLine),
            (b"GET", Refusal::RequestLine),
            (b"GET  / HTTP/1.1", Refusal::RequestLine),
            (b"GET /  HTTP/1.1", Refusal::RequestLine),
            (b"GET / HTTP/1.1 ", Refusal::RequestLine),
            (b" GET / HTTP/1.1", Refusal::RequestLine),
            (b"GET /a b HTTP/1.1", Refusal::RequestLine),
            (b"GET\t/ HTTP/1.1", Refusal::RequestLine),
            (b"G(T / HTTP/1.1", Refusal::RequestLine),
            (b"GET / http/1.1", Refusal::RequestLine),
            (b"GET / HTTP/1", Refusal::RequestLine),
            (b"GET / HTTP/11.1", Refusal::RequestLine),
            (b"GET / HTTP/1.2", Refusal::Version),
            (b"GET / HTTP/0.9", Refusal::Version),
            (b"PRI * HTTP/2.0", Refusal::Version),
            (b"GET * HTTP/1.1", Refusal::Target),
            (b"GET a HTTP/1.1", Refusal::Target),
            (b"GET /a#b HTTP/1.1", Refusal::Target),
            (b"GET /\xc3\xa9 HTTP/1.1", Refusal::Target),
            (b"GET ftp://a/ HTTP/1.1", Refusal::Target),
            (b"GET http://u@a/ HTTP/1.1", Refusal::Target),
            (b"GET http:///x HTTP/1.1", Refusal::Target),
            (b"CONNECT a:443 HTTP/1.1", Refusal::Target),
            (b"CONNECT / HTTP/1.1", Refusal::Target),
            (b"GET /\0 HTTP/1.1", Refusal::ControlByte),
            (b"GET /\r HTTP/1.1", Refusal::BareCr),
            (b"GET /\x7f HTTP/1.1", Refusal::ControlByte),
        ];
        for (line, refusal) in cases {
            assert_eq!(parse(line), Err(*refusal), "{}", String::from_utf8_lossy(line));
        }
        let long = format!("GET /{} HTTP/1.1", "a".repeat(MAX_TARGET_BYTES));
        assert_eq!(parse(long.as_bytes()), Err(Refusal::TargetTooLong));
    }
}
