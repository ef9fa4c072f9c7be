//! What tells callers apart where they are counted or divided: address, client, user, a
//! claim. Who lacks what is asked for is told apart by address instead, so that leaving
//! a token out gives nobody a bucket of one's own. Must never: take a caller's word for
//! a bucket; only a split may look at headers, where nothing is gained by lying.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName};

use crate::token::claims::Claims;

/// One thing that callers differ in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mark {
    /// The address, as far as trusted proxies say; of IPv6 the /64, which is one holder's.
    Address,
    /// `client_id`.
    Client,
    /// `sub`.
    Subject,
    /// A claim: index in the policy's list of kept claims.
    Claim(usize),
    /// The route that was asked for.
    Route,
    /// A header line of the caller's; splits only.
    Header(HeaderName),
    /// The cookie that the gateway set; splits only.
    Cookie,
}

/// One caller as marks see him.
#[derive(Clone, Copy, Debug)]
pub struct Caller<'a> {
    /// His address.
    pub address: IpAddr,
    /// What his token says; `None` before it was looked at, or without one.
    pub claims: Option<&'a Claims>,
    /// The name of the route.
    pub route: &'a str,
    /// His header lines.
    pub headers: &'a HeaderMap,
    /// The id in the cookie of a split.
    pub cookie: Option<&'a str>,
}

impl Mark {
    /// Whether it can only be told once the token was looked at.
    pub fn needs_token(&self) -> bool {
        match self {
            Mark::Client | Mark::Subject | Mark::Claim(_) => true,
            Mark::Address | Mark::Route | Mark::Header(_) | Mark::Cookie => false,
        }
    }

    /// The text of this caller's mark; `None` where he lacks it.
    pub fn text<'a>(&self, caller: &Caller<'a>) -> Option<&'a str> {
        let claims = caller.claims;
        match self {
            Mark::Address => None,
            Mark::Client => claims.and_then(|claims| claims.client.as_deref()),
            Mark::Subject => claims.map(|claims| &*claims.subject),
            Mark::Claim(index) => claims.and_then(|claims| claims.kept.get(*index)?.as_deref()),
            Mark::Route => Some(caller.route),
            Mark::Header(name) => caller.headers.get(name).and_then(|value| value.to_str().ok()),
            Mark::Cookie => caller.cookie,
        }
    }

    fn letter(&self) -> u8 {
        match self {
            Mark::Address => b'a',
            Mark::Client => b'c',
            Mark::Subject => b's',
            Mark::Claim(_) => b'k',
            Mark::Route => b'r',
            Mark::Header(_) => b'h',
            Mark::Cookie => b'o',
        }
    }

    /// Writes the mark so that no two callers read alike. A user of one issuer is not
    /// the user of the same name of another.
    pub fn write(&self, caller: &Caller<'_>, out: &mut Vec<u8>) {
        let Some(text) = self.text(caller) else {
            out.push(Mark::Address.letter());
            return write_address(caller.address, out);
        };
        out.push(self.letter());
        if let (Some(claims), true) = (caller.claims, self.needs_token()) {
            out.extend_from_slice(&(claims.issuer as u64).to_le_bytes());
        }
        out.extend_from_slice(&(text.len() as u64).to_le_bytes());
        out.extend_from_slice(text.as_bytes());
    }
}

/// Four bytes, or the first eight of an address of version six.
pub fn write_address(address: IpAddr, out: &mut Vec<u8>) {
    match address.to_canonical() {
        IpAddr::V4(four) => out.extend_from_slice(&four.octets()),
        IpAddr::V6(six) => out.extend_from_slice(&six.octets()[..8]),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{Caller, Mark};

    fn written(marks: &[Mark], address: &str, route: &str) -> Vec<u8> {
        let headers = HeaderMap::new();
        let address = address.parse().unwrap();
        let caller = Caller { address, claims: None, route, headers: &headers, cookie: None };
        let mut out = Vec::new();
        marks.iter().for_each(|mark| mark.write(&caller, &mut out));
        out
    }

    #[test]
    fn who_has_no_token_is_his_address() {
        let by = |mark, address| written(&[mark], address, "r");
        assert_eq!(by(Mark::Subject, "10.0.0.1"), by(Mark::Address, "10.0.0.1"));
        assert_ne!(by(Mark::Subject, "10.0.0.1"), by(Mark::Subject, "10.0.0.2"));
    }

    #[test]
    fn an_address_has_one_spelling() {
        let by = |address| written(&[Mark::Address], address, "r");
        assert_eq!(by("::ffff:10.0.0.1"), by("10.0.0.1"));
        assert_eq!(by("2001:db8::1"), by("2001:db8::ffff:1"), "one holder's /64");
        assert_ne!(by("2001:db8:0:1::1"), by("2001:db8:0:2::1"));
    }

    #[test]
    fn marks_side_by_side_do_not_run_into_one_another() {
        let both = |route| written(&[Mark::Route, Mark::Address], "10.0.0.1", route);
        assert_ne!(both("a"), both("aa"));
    }
}
