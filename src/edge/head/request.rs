//! A request made of a head that was read: its lines become header values that share
//! the head's own bytes. Must never: look at a byte that the scanner has not judged.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Uri};

use crate::edge::head::field;
use crate::edge::head::refusal::Refusal;
use crate::edge::head::request_line::Version;
use crate::edge::head::scanner::Scanner;
use crate::edge::worker::spare;

/// The request that `scanner` has read in `head`.
pub fn of(scanner: &Scanner, head: &Bytes) -> Result<Box<Parts>, Refusal> {
    let Some((line, start, lines)) = scanner.head() else { return Err(Refusal::RequestLine) };
    let mut request = spare::head(lines.len());
    for at in lines {
        let (from, name) = (at.at as usize, at.name as usize);
        let value = head.slice(at.value.0 as usize..at.value.1 as usize);
        match (HeaderName::from_bytes(&head[from..from + name]), HeaderValue::from_maybe_shared(value)) {
            (Ok(name), Ok(value)) => request.headers.append(name, value),
            (Err(_), _) | (_, Err(_)) => return Err(fault(&head[from..])),
        };
    }
    let method = &head[start..start + line.method];
    if method != b"GET" {
        request.method = Method::from_bytes(method).map_err(|_| Refusal::RequestLine)?;
    }
    let target = head.slice(start + line.target.start..start + line.target.end);
    request.uri = Uri::from_maybe_shared(target).map_err(|_| Refusal::Target)?;
    request.version = match line.version {
        Version::Http10 => http::Version::HTTP_10,
        Version::Http11 => http::Version::HTTP_11,
    };
    Ok(request)
}

/// What is wrong with the line at the front, which is no header line.
fn fault(rest: &[u8]) -> Refusal {
    let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
    field::parse(line).err().unwrap_or(Refusal::HeaderSyntax)
}
