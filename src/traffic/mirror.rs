//! A copy of some requests for a second upstream, whose answers nobody sees. The copy is
//! never the caller: credentials stay behind, his and ours, and the second upstream is
//! told that it is looking at a copy.

use http::header::{AUTHORIZATION, COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::traffic::split::WHOLE;

/// Copies on their way at once, of one worker; one more is dropped.
pub const MAX_UNDER_WAY: usize = 64;

/// Says that a request is a copy.
const MARK: HeaderName = HeaderName::from_static("x-tollgate-mirror");

/// What is copied, and to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mirror {
    /// Index of the upstream.
    pub upstream: usize,
    /// Share of `WHOLE` of the requests.
    pub share: u32,
    /// Bytes of a body that is copied; a request with a larger one is not.
    pub max_body: usize,
}

impl Mirror {
    /// Whether a request is among the copied ones, by a number drawn for it.
    pub fn draws(&self, drawn: u32) -> bool {
        let place = (u64::from(drawn) * u64::from(WHOLE)) >> 32;
        place < u64::from(self.share)
    }

    /// The head of the copy: without credentials, and without the lines of `secret`,
    /// which are for the first upstream alone.
    pub fn head<'n>(&self, mut headers: HeaderMap, secret: impl Iterator<Item = &'n HeaderName>) -> HeaderMap {
        headers.remove(AUTHORIZATION);
        headers.remove(COOKIE);
        secret.for_each(|name| drop(headers.remove(name)));
        headers.insert(MARK, HeaderValue::from_static("1"));
        headers
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::Mirror;
    use crate::traffic::split::WHOLE;

    fn mirror(share: u32) -> Mirror {
        Mirror { upstream: 1, share, max_body: 1024 }
    }

    #[test]
    fn shares_are_kept() {
        let count = |share| (0..1000u32).filter(|n| mirror(share).draws(n * (u32::MAX / 1000))).count();
        assert_eq!((count(0), count(WHOLE)), (0, 1000));
        assert!((90..=110).contains(&count(WHOLE / 10)), "{}", count(WHOLE / 10));
        assert!(mirror(WHOLE).draws(u32::MAX));
    }

    #[test]
    fn no_credential_is_copied() {
        let lines = [("authorization", "Bearer x"), ("cookie", "s=1"), ("x-api-key", "ours"), ("x-user", "ann")];
        let headers: HeaderMap = lines
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .into_iter()
            .collect();
        let secret = [HeaderName::from_static("x-api-key")];
        let copied = mirror(1).head(headers, secret.iter());
        let names: Vec<&str> = copied.keys().map(HeaderName::as_str).collect();
        assert_eq!(names, ["x-user", "x-tollgate-mirror"]);
    }
}
