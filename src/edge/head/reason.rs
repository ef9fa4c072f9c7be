//! The words behind an answer's status (RFC 9112 §4). They mean nothing, and some old
//! services put their errors there all the same, so what is not the usual is passed on to
//! callers of HTTP/1; HTTP/2 has no place for it. Most answers have the usual ones, which
//! are not kept. Must never: hold a byte that ends a line.

use bytes::Bytes;
use http::{Extensions, StatusCode};

/// The longest that is passed on; of a longer one nothing is.
const MOST: usize = 256;

/// Words of a backend's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason(Bytes);

impl Reason {
    /// Those of a status line of this answer, if they are worth keeping; `words` are without
    /// control bytes.
    pub fn of(status: StatusCode, words: &[u8]) -> Option<Reason> {
        let usual = status.canonical_reason().is_some_and(|usual| usual.as_bytes() == words);
        let kept = !usual && !words.is_empty() && words.len() <= MOST;
        kept.then(|| Reason(Bytes::copy_from_slice(words)))
    }

    /// Leaves it, and nothing else, in what an answer carries.
    pub fn alone(extensions: &mut Extensions) {
        if let Some(reason) = extensions.remove::<Reason>() {
            extensions.clear();
            extensions.insert(reason);
        } else {
            extensions.clear();
        }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::{MOST, Reason};

    #[test]
    fn only_what_is_not_the_usual_is_kept() {
        let kept = |status: u16, words: &[u8]| {
            let status = StatusCode::from_u16(status).expect("a status");
            Reason::of(status, words).map(|reason| reason.as_bytes().to_vec())
        };
        assert_eq!(kept(200, b"OK"), None);
        assert_eq!(kept(200, b""), None);
        assert_eq!(kept(299, b""), None);
        assert_eq!(kept(500, &[b'a'; MOST + 1]), None);
        assert_eq!(kept(500, b"Order 7 is closed"), Some(b"Order 7 is closed".to_vec()));
        assert_eq!(kept(299, b"Fine"), Some(b"Fine".to_vec()));
    }
}
