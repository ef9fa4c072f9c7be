//! A request's head in bytes, as a backend of HTTP/1.1 reads it.
//! Must never: frame a body in another way than the head says.

use http::header;
use http::request::Parts;

use crate::edge::forward::stamp::Stamp;
use crate::edge::http1::reply::line;

/// Room for an ordinary head.
const USUAL_HEAD: usize = 512;

/// How the body behind a head is framed, by the head's own words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Framing {
    /// By its length, or there is none.
    Length,
    /// In chunks.
    Chunks,
}

/// Writes the head; `stamp` has the lines that are not among its own.
pub fn write(head: &Parts, stamp: Option<&Stamp>, out: &mut Vec<u8>) -> Framing {
    out.reserve(USUAL_HEAD);
    out.extend_from_slice(head.method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(head.uri.path_and_query().map_or("/", |target| target.as_str()).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    out.extend_from_slice(stamp.map_or(&[], Stamp::text));
    let mut framing = Framing::Length;
    for (name, value) in &head.headers {
        if *name == header::TRANSFER_ENCODING {
            framing = Framing::Chunks;
        }
        line(name, value.as_bytes(), out);
    }
    out.extend_from_slice(b"\r\n");
    framing
}
