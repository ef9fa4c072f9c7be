//! The key by which a request finds its server, where the file wants the same server for
//! the same key: read from the verified token, from the request, or from where it came.

use std::net::IpAddr;

use http::HeaderMap;
use http::header::COOKIE;

use crate::balance::rendezvous::hash;
use crate::snapshot::upstream::KeySource;
use crate::token::claims::Claims;

/// The hash of a request's key; `None` where the request has none.
pub fn of(source: &KeySource, claims: Option<&Claims>, headers: &HeaderMap, caller: IpAddr) -> Option<u64> {
    let text = |text: &str| hash(text.as_bytes());
    match source {
        KeySource::Subject => claims.map(|claims| text(&claims.subject)),
        KeySource::Client => claims.and_then(|claims| claims.client.as_deref()).map(text),
        KeySource::Claim(index) => claims.and_then(|claims| claims.kept.get(*index)?.as_deref()).map(text),
        KeySource::Header(name) => headers.get(name).map(|value| hash(value.as_bytes())),
        KeySource::Cookie(name) => cookie(headers, name).map(hash),
        KeySource::Address => Some(match caller {
            IpAddr::V4(address) => hash(&address.octets()),
            // One host has a whole network of 64 bits and may change within it.
            IpAddr::V6(address) => hash(&address.octets()[..8]),
        }),
    }
}

/// The first cookie of that name (RFC 6265 §5.4).
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a [u8]> {
    let pairs = headers.get_all(COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
    pairs
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let at = pair.iter().position(|byte| *byte == b'=')?;
            (&pair[..at] == name.as_bytes()).then(|| &pair[at + 1..])
        })
        .next()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::HeaderMap;
    use http::header::{COOKIE, HeaderValue};

    use super::{cookie, of};
    use crate::snapshot::upstream::KeySource;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; sid=x=y ; b"));
        headers.append(COOKIE, HeaderValue::from_static("sid=second"));
        assert_eq!(cookie(&headers, "sid"), Some(&b"x=y"[..]));
        assert_eq!(cookie(&headers, "b"), None);
        assert_eq!(cookie(&HeaderMap::new(), "sid"), None);
    }

    #[test]
    fn what_is_not_there_is_no_key_and_what_differs_is_another() {
        let headers = HeaderMap::from_iter([(http::header::ACCEPT, HeaderValue::from_static("x"))]);
        let key = |source: KeySource, caller| of(&source, None, &headers, ip(caller));
        assert_eq!(key(KeySource::Subject, "10.0.0.1"), None);
        assert_eq!(key(KeySource::Header(http::header::AGE), "10.0.0.1"), None);
        assert!(key(KeySource::Header(http::header::ACCEPT), "10.0.0.1").is_some());
        assert_ne!(key(KeySource::Address, "10.0.0.1"), key(KeySource::Address, "10.0.0.2"));
        assert_eq!(key(KeySource::Address, "fd00::1"), key(KeySource::Address, "fd00::2"));
    }
}
