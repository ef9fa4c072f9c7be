//! The fields of a trailer section (RFC 9112 §7.1.2), once `chunked` has found it whole
//! and without those that would change where the message ends or whom it is for.

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::edge::head::field;

/// Length of a section with nothing in it.
pub const EMPTY_SECTION: usize = 2;

/// The fields in order.
pub fn fields(section: &Bytes) -> HeaderMap {
    let mut out = HeaderMap::new();
    for text in section.split(|byte| *byte == b'\n').map(|text| text.strip_suffix(b"\r").unwrap_or(text)) {
        let Ok((name, value)) = field::split(text) else { continue };
        let value = HeaderValue::from_maybe_shared(section.slice_ref(value));
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            out.append(name, value);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::fields;

    #[test]
    fn every_line_becomes_a_field() {
        let read = fields(&Bytes::from_static(b"X-Sum: 42\r\nx-sum:  43 \r\nempty:\r\n\r\n"));
        let read: Vec<_> = read.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        assert_eq!(read, [("x-sum", &b"42"[..]), ("x-sum", b"43"), ("empty", b"")]);
    }
}
