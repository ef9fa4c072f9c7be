//! Lists of header lines as requests and trailers, by the laws of RFC 9113 §8, and answers
//! as blocks. This is where the engine and the gateway's own idea of a message meet.
//! Must never: let a line through that HTTP/1 would read in another way.

use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Response, StatusCode, Uri, Version, uri};

use crate::edge::body::outflow::write_decimal;
use crate::edge::head::field;
use crate::edge::hpack::encoder::{self, Encoder};
use crate::edge::hpack::list::{self, Line, List, Name};
use crate::edge::worker::Worker;
use crate::edge::worker::spare;

/// Lines that HTTP/2 has no use for (RFC 9113 §8.2.2).
const OF_HTTP1: [HeaderName; 5] = [
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The names of the static table; those of pseudo-headers, which are no names, are left out.
static KNOWN: LazyLock<Vec<Option<HeaderName>>> =
    LazyLock::new(|| (0..=u8::MAX).map(list::known).map(|name| HeaderName::from_bytes(name.as_bytes()).ok()).collect());

/// A message that no caller may send (RFC 9113 §8.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// What an extended CONNECT asks for (RFC 8441 §4).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Protocol(Bytes);

impl Protocol {
    /// The word.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The fields that say what is asked for (§8.3.1).
#[derive(Default)]
struct Pseudo {
    method: Option<Bytes>,
    scheme: Option<Bytes>,
    authority: Option<Bytes>,
    path: Option<Bytes>,
    protocol: Option<Bytes>,
}

/// A request's head, and the length that it announces.
pub fn request(list: List) -> Result<(Box<Parts>, Option<u64>), Malformed> {
    let cut = list.is_cut();
    let (bytes, lines) = (Bytes::from(list.bytes), list.lines);
    let mut pseudo = Pseudo::default();
    let mut head = spare::head(lines.len());
    let mut length = None;
    for line in &lines {
        let value = bytes.slice(line.value.0 as usize..line.value.1 as usize);
        match word(line, &bytes) {
            Some(word) if head.headers.is_empty() => pseudo.set(word, value)?,
            Some(_) => return Err(Malformed),
            None => {
                let (name, value) = regular(line, &bytes, value)?;
                if name == header::CONTENT_LENGTH {
                    let announced = field::content_length(value.as_bytes()).map_err(|_| Malformed)?;
                    if length.replace(announced).is_some_and(|other| other != announced) {
                        return Err(Malformed);
                    }
                }
                head.headers.append(name, value);
            }
        }
    }
    pseudo.put(cut, &mut head)?;
    Ok((head, length))
}

/// The trailers of a request.
pub fn trailers(list: List) -> Result<HeaderMap, Malformed> {
    if list.is_cut() {
        return Err(Malformed);
    }
    let (bytes, lines) = (Bytes::from(list.bytes), list.lines);
    let mut headers = HeaderMap::with_capacity(lines.len());
    for line in &lines {
        if word(line, &bytes).is_some() {
            return Err(Malformed);
        }
        let value = bytes.slice(line.value.0 as usize..line.value.1 as usize);
        let (name, value) = regular(line, &bytes, value)?;
        headers.append(name, value);
    }
    Ok(headers)
}

/// The word of a pseudo-header.
fn word<'a>(line: &Line, bytes: &'a [u8]) -> Option<&'a [u8]> {
    let name = match line.name {
        Name::Known(index) => list::known(index).as_bytes(),
        Name::Spelled((from, to)) => &bytes[from as usize..to as usize],
    };
    name.strip_prefix(b":")
}

/// A regular field (§8.2).
fn regular(line: &Line, bytes: &Bytes, value: Bytes) -> Result<(HeaderName, HeaderValue), Malformed> {
    let name = match line.name {
        Name::Known(index) => KNOWN.get(usize::from(index)).cloned().flatten().ok_or(Malformed)?,
        Name::Spelled((from, to)) => {
            HeaderName::from_lowercase(&bytes[from as usize..to as usize]).map_err(|_| Malformed)?
        }
    };
    if OF_HTTP1.contains(&name) {
        return Err(Malformed);
    }
    // White space around a value is no part of it, in HTTP/1 neither; clients do send it.
    let value = value.slice_ref(field::trim(&value));
    if name == header::TE && !value.eq_ignore_ascii_case(b"trailers") {
        return Err(Malformed);
    }
    Ok((name, HeaderValue::from_maybe_shared(value).map_err(|_| Malformed)?))
}

impl Pseudo {
    fn set(&mut self, word: &[u8], value: Bytes) -> Result<(), Malformed> {
        let place = match word {
            b"method" => &mut self.method,
            b"scheme" => &mut self.scheme,
            b"authority" => &mut self.authority,
            b"path" => &mut self.path,
            b"protocol" => &mut self.protocol,
            _ => return Err(Malformed),
        };
        if place.replace(value).is_some() { Err(Malformed) } else { Ok(()) }
    }

    /// Makes the head what they say. Of a list that was cut some may be missing: it is refused
    /// all the same.
    fn put(self, cut: bool, head: &mut Parts) -> Result<(), Malformed> {
        head.version = Version::HTTP_2;
        match self.method {
            Some(method) if &method[..] == b"GET" => {}
            Some(method) => head.method = Method::from_bytes(&method).map_err(|_| Malformed)?,
            None if cut => return Ok(()),
            None => return Err(Malformed),
        }
        let (connect, extended) = (head.method == Method::CONNECT, self.protocol.is_some());
        // §8.5 and RFC 8441 §4: a plain CONNECT has neither scheme nor path.
        let tunnel = connect && !extended;
        if extended && !connect || !cut && (self.scheme.is_some() == tunnel || self.path.is_some() == tunnel) {
            return Err(Malformed);
        }
        let mut parts = uri::Parts::default();
        parts.authority = match self.authority {
            Some(authority) => Some(Authority::from_maybe_shared(authority).map_err(|_| Malformed)?),
            None => None,
        };
        if let Some(scheme) = self.scheme {
            let scheme = match &scheme[..] {
                b"https" => Scheme::HTTPS,
                b"http" => Scheme::HTTP,
                b"" => return Err(Malformed),
                other => Scheme::try_from(other).map_err(|_| Malformed)?,
            };
            // A URI has no scheme without an authority.
            parts.scheme = parts.authority.is_some().then_some(scheme);
        }
        if let Some(path) = self.path.filter(|path| !cut || !path.is_empty()) {
            // What begins otherwise would be completed, and what follows a # be lost.
            if !path.starts_with(b"/") && &path[..] != b"*" || path.contains(&b'#') {
                return Err(Malformed);
            }
            parts.path_and_query = Some(PathAndQuery::from_maybe_shared(path).map_err(|_| Malformed)?);
        }
        if cut && parts.path_and_query.is_none() {
            return Ok(());
        }
        head.uri = Uri::from_parts(parts).map_err(|_| Malformed)?;
        if let Some(protocol) = self.protocol {
            head.extensions.insert(Protocol(protocol));
        }
        Ok(())
    }
}

/// Writes an answer's block; `length` is its body's where that is known.
pub fn put_answer<B>(
    head: &Response<B>,
    length: Option<u64>,
    worker: &Worker,
    encoder: &mut Encoder,
    out: &mut Vec<u8>,
) {
    encoder.begin(out);
    encoder::status(head.status().as_u16(), out);
    let (mut dated, mut measured) = (false, false);
    for (name, value) in head.headers() {
        if OF_HTTP1.contains(name) {
            continue;
        }
        dated |= *name == header::DATE;
        measured |= *name == header::CONTENT_LENGTH;
        encoder::line(name.as_str(), value.as_bytes(), out);
    }
    if !dated {
        encoder::line("date", crate::edge::respond::date::value(worker).as_bytes(), out);
    }
    if let Some(length) = length.filter(|_| !measured && head.status() != StatusCode::NO_CONTENT) {
        let mut digits = Vec::with_capacity(20);
        write_decimal(length, &mut digits);
        encoder::line("content-length", &digits, out);
    }
}

/// Writes the block of an interim answer.
pub fn put_interim(status: StatusCode, headers: &HeaderMap, encoder: &mut Encoder, out: &mut Vec<u8>) {
    encoder.begin(out);
    encoder::status(status.as_u16(), out);
    put_trailers(headers, out);
}

/// Writes the lines of a block that has no others.
pub fn put_trailers(headers: &HeaderMap, out: &mut Vec<u8>) {
    for (name, value) in headers.iter().filter(|(name, _)| !OF_HTTP1.contains(name)) {
        encoder::line(name.as_str(), value.as_bytes(), out);
    }
}
