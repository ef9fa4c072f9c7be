//! Where a request came from: `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded`
//! (RFC 7239), written by us on every request. What the caller says about it is
//! believed, and added to, only when he is one of the listener's trusted proxies;
//! anybody else's word is replaced. Must never: take an address from an untrusted
//! peer for logs, throttles or backends.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ipnet::IpNet;

use crate::edge::forward::stamp::{Stamp, X_FOR, X_HOST, X_PROTO};

/// Bytes of a chain of proxies that are passed on; a longer one is replaced.
const MAX_CHAIN: usize = 2048;
/// Proxies of a chain that are looked at, from the near end.
const MAX_HOPS: usize = 32;

/// Whether the next hop's word counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// An ordinary caller.
    Stranger,
    /// One of the listener's trusted proxies.
    Proxy,
}

/// The near end of one connection, with the header values that follow from it.
#[derive(Debug)]
pub struct Hop {
    address: IpAddr,
    secure: bool,
    own: HeaderValue,
    /// What the last request of a stranger was stamped with: most connections know one host.
    memo: Mutex<Option<Arc<Stamp>>>,
}

impl Hop {
    /// The hop of a connection from `peer`, over TLS or not.
    pub fn new(peer: SocketAddr, scheme: Scheme) -> Hop {
        let address = peer.ip().to_canonical();
        let own = shared(address.to_string()).unwrap_or(HeaderValue::from_static("unknown"));
        Hop { address, secure: scheme == Scheme::Https, own, memo: Mutex::new(None) }
    }

    /// How its connection is protected.
    pub fn scheme(&self) -> Scheme {
        if self.secure { Scheme::Https } else { Scheme::Http }
    }

    /// Whether its word counts at a listener that trusts these.
    pub fn trust(&self, trusted: &[IpNet]) -> Trust {
        if is_trusted(self.address, trusted) { Trust::Proxy } else { Trust::Stranger }
    }

    /// The caller's address: the peer's own, or behind trusted proxies the nearest
    /// one that is not a trusted proxy itself.
    pub fn caller(&self, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
        if self.trust(trusted) == Trust::Stranger {
            return self.address;
        }
        let mut caller = self.address;
        let lines: Vec<&str> = headers.get_all(X_FOR).iter().filter_map(|v| v.to_str().ok()).collect();
        let hops = lines.iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim);
        for hop in hops.take(MAX_HOPS) {
            let Some(address) = address_of(hop) else { break };
            caller = address;
            if !trusted.iter().any(|net| net.contains(&address)) {
                break;
            }
        }
        caller
    }

    /// What a request for `host` is stamped with; `instead` is the host for the backend, where
    /// that is another one.
    pub fn stamp(
        &self,
        trust: Trust,
        incoming: &HeaderMap,
        host: &HeaderValue,
        instead: Option<&HeaderValue>,
    ) -> Arc<Stamp> {
        let instead = instead.filter(|instead| *instead != host);
        let proto = HeaderValue::from_static(if self.secure { "https" } else { "http" });
        if trust == Trust::Stranger {
            let mut memo = self.memo.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = memo.as_ref().filter(|known| known.serves(host, instead)) {
                return Arc::clone(known);
            }
            let (element, sent) = (self.element(host), instead.unwrap_or(host).clone());
            let stamp = Arc::new(Stamp::of(sent, self.own.clone(), proto, host.clone(), element));
            return Arc::clone(memo.insert(stamp));
        }
        let element = self.element(host);
        let by = added(incoming, &X_FOR, &self.own);
        let all = added(incoming, &header::FORWARDED, &element);
        let proto = only(incoming, &X_PROTO).filter(|v| *v == "http" || *v == "https").unwrap_or(proto);
        let asked = only(incoming, &X_HOST).unwrap_or_else(|| host.clone());
        Arc::new(Stamp::of(instead.unwrap_or(host).clone(), by, proto, asked, all))
    }

    /// Our element of `Forwarded` (RFC 7239 §4).
    fn element(&self, host: &HeaderValue) -> HeaderValue {
        let mut text = String::with_capacity(80);
        let proto = if self.secure { "https" } else { "http" };
        // Writing to a `String` cannot fail.
        let _ = match self.address {
            IpAddr::V4(v4) => write!(text, "for={v4};proto={proto}"),
            IpAddr::V6(v6) => write!(text, "for=\"[{v6}]\";proto={proto}"),
        };
        if let Ok(name) = host.to_str()
            && !name.contains(['"', '\\'])
        {
            let _ = write!(text, ";host=\"{name}\"");
        }
        shared(text).unwrap_or_else(|| self.own.clone())
    }
}

/// Whether an address is one of these proxies'.
pub fn is_trusted(address: IpAddr, trusted: &[IpNet]) -> bool {
    // Most listeners trust nobody.
    !trusted.is_empty() && trusted.iter().any(|net| net.contains(&address.to_canonical()))
}

/// How the caller's connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// Clear text.
    Http,
    /// TLS.
    Https,
}

/// A value whose copies share one buffer.
fn shared(text: String) -> Option<HeaderValue> {
    HeaderValue::from_maybe_shared(Bytes::from(text)).ok()
}

/// The value of a header that occurs once.
fn only(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    lines.next().filter(|v| lines.next().is_none() && v.to_str().is_ok() && v.len() <= MAX_CHAIN).cloned()
}

/// What the trusted proxy said with our part behind it.
fn added(headers: &HeaderMap, name: &HeaderName, own: &HeaderValue) -> HeaderValue {
    let lines: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).filter(|l| !l.is_empty()).collect();
    if lines.is_empty() || lines.iter().map(|l| l.len()).sum::<usize>() > MAX_CHAIN {
        return own.clone();
    }
    let mut chain = lines.join(&b", "[..]);
    chain.extend_from_slice(b", ");
    chain.extend_from_slice(own.as_bytes());
    HeaderValue::from_maybe_shared(Bytes::from(chain)).unwrap_or_else(|_| own.clone())
}

/// An address as proxies write it: plain, with a port, or in brackets.
fn address_of(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address.to_canonical());
    }
    if let Ok(with_port) = text.parse::<SocketAddr>() {
        return Some(with_port.ip().to_canonical());
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse::<IpAddr>().ok().map(|a| a.to_canonical())
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::header::{HeaderMap, HeaderName, HeaderValue};
    use ipnet::IpNet;

    use super::{Hop, Scheme, Trust};

    fn hop(peer: &str) -> Hop {
        Hop::new(peer.parse().expect("an address"), Scheme::Https)
    }

    fn nets(list: &[&str]) -> Vec<IpNet> {
        list.iter().map(|n| n.parse().expect("a network")).collect()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    fn stamped(hop: &Hop, trust: Trust, incoming: &HeaderMap) -> Vec<String> {
        let stamp = hop.stamp(trust, incoming, &HeaderValue::from_static("api.test:8443"), None);
        let text = std::str::from_utf8(stamp.text()).expect("text");
        let (host, rest) = text.split_once("\r\n").expect("lines");
        assert_eq!(host, "host: api.test:8443");
        rest.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_strangers_word_is_replaced() {
        let lies = headers(&[("x-forwarded-for", "10.0.0.1"), ("forwarded", "for=10.0.0.1")]);
        let told = stamped(&hop("192.0.2.7:999"), Trust::Stranger, &lies);
        assert_eq!(
            told,
            [
                "x-forwarded-for: 192.0.2.7",
                "x-forwarded-proto: https",
                "x-forwarded-host: api.test:8443",
                "forwarded: for=192.0.2.7;proto=https;host=\"api.test:8443\"",
            ]
        );
        assert_eq!(hop("192.0.2.7:999").caller(&lies, &[]), "192.0.2.7".parse::<IpAddr>().expect("an address"));
    }

    #[test]
    fn a_trusted_proxys_word_is_kept_and_added_to() {
        let said = headers(&[
            ("x-forwarded-for", "203.0.113.9, 10.0.0.2"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "shop.test"),
            ("forwarded", "for=203.0.113.9"),
        ]);
        let near = hop("[::ffff:10.0.0.1]:5");
        let trusted = nets(&["10.0.0.0/8"]);
        assert_eq!(near.trust(&trusted), Trust::Proxy);
        let told = stamped(&near, Trust::Proxy, &said);
        assert!(told.contains(&"x-forwarded-for: 203.0.113.9, 10.0.0.2, 10.0.0.1".to_owned()), "{told:?}");
        assert!(told.contains(&"x-forwarded-proto: http".to_owned()));
        assert!(told.contains(&"x-forwarded-host: shop.test".to_owned()));
        assert!(
            told.contains(&"forwarded: for=203.0.113.9, for=10.0.0.1;proto=https;host=\"api.test:8443\"".to_owned())
        );
    }

    #[test]
    fn the_caller_is_the_nearest_address_that_is_not_trusted() {
        let trusted = nets(&["10.0.0.0/8", "2001:db8::/32"]);
        let near = hop("[2001:db8::1]:5");
        for (line, caller) in [
            ("6.6.6.6, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("6.6.6.6, 203.0.113.9:4711, [2001:db8::3]", "203.0.113.9"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
            ("", "2001:db8::1"),
        ] {
            let said = headers(&[("x-forwarded-for", line)]);
            assert_eq!(near.caller(&said, &trusted).to_string(), caller, "{line}");
        }
    }

    #[test]
    fn an_address_of_version_six_is_quoted_and_the_memo_follows_the_host() {
        let near = hop("[2001:db8::1]:5");
        for host in ["a.test", "b.test", "b.test"] {
            let mut out = HeaderMap::new();
            near.stamp(Trust::Stranger, &HeaderMap::new(), &HeaderValue::from_static(host), None).set(&mut out);
            assert_eq!(out["forwarded"], format!("for=\"[2001:db8::1]\";proto=https;host=\"{host}\""));
        }
    }

    #[test]
    fn an_endless_chain_is_replaced() {
        let long: &'static str = Box::leak("203.0.113.9, ".repeat(400).into_boxed_str());
        let told = stamped(&hop("10.0.0.1:1"), Trust::Proxy, &headers(&[("x-forwarded-for", long)]));
        assert!(told.contains(&"x-forwarded-for: 10.0.0.1".to_owned()));
    }
}
