//! Whose door was knocked at: the authority of a request in one form, and the host
//! patterns of routes. Ports, a final dot and upper case do not matter; anything that
//! is not plainly one host is refused. Must never: let two spellings of one host
//! reach two routes.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Longest name (RFC 1035 §2.3.4).
pub const MAX_HOST_BYTES: usize = 253;

/// A host in its one form: lower case, no port, no final dot; IPv6 in brackets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CanonicalHost<'a>(Cow<'a, str>);

/// The authority is not one host with at most one port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HostRefusal;

impl HostRefusal {
    /// The word in logs and metrics.
    pub fn label(self) -> &'static str {
        "host_invalid"
    }
}

impl<'a> CanonicalHost<'a> {
    /// Reads `HOST[:PORT]` as a `Host` header or `:authority` says it.
    pub fn parse(authority: &'a str) -> Result<CanonicalHost<'a>, HostRefusal> {
        if let Some(rest) = authority.strip_prefix('[') {
            let (address, port) = rest.split_once(']').ok_or(HostRefusal)?;
            let address: Ipv6Addr = address.parse().map_err(|_| HostRefusal)?;
            if !port.is_empty() && !port.strip_prefix(':').is_some_and(is_port) {
                return Err(HostRefusal);
            }
            return Ok(CanonicalHost(Cow::Owned(format!("[{address}]"))));
        }
        // A dot at the beginning, at the end or after another one makes an empty label; only
        // one at the very end is passed over.
        let (mut before, mut upper, mut end) = (Sign::Dot, false, authority.len());
        for (at, byte) in authority.bytes().enumerate() {
            let sign = SIGNS[usize::from(byte)];
            match sign {
                Sign::Plain => {}
                Sign::Upper => upper = true,
                Sign::Dot if before != Sign::Dot => {}
                Sign::Colon if is_port(&authority[at + 1..]) => {
                    end = at;
                    break;
                }
                Sign::Dot | Sign::Colon | Sign::Other => return Err(HostRefusal),
            }
            before = sign;
        }
        let name = &authority[..end];
        let name = name.strip_suffix('.').unwrap_or(name);
        if name.is_empty() || name.len() > MAX_HOST_BYTES {
            return Err(HostRefusal);
        }
        Ok(CanonicalHost(if upper { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A port, or the empty text that RFC 3986 §3.2.3 allows after the colon.
fn is_port(text: &str) -> bool {
    let mut number = 0_u32;
    for byte in text.bytes() {
        if !byte.is_ascii_digit() || number > u32::from(u16::MAX) {
            return false;
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    number <= u32::from(u16::MAX)
}

/// What a byte of an authority is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plain,
    Upper,
    Dot,
    Colon,
    Other,
}

const SIGNS: [Sign; 256] = {
    let mut table = [Sign::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => Sign::Plain,
            b'A'..=b'Z' => Sign::Upper,
            b'.' => Sign::Dot,
            b':' => Sign::Colon,
            _ => Sign::Other,
        };
        byte += 1;
    }
    table
};

/// The hosts a route answers for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HostPattern {
    /// This one, in canonical form.
    Exact(Box<str>),
    /// `*.SUFFIX`: every name that ends so, with one label more or several.
    Suffix(Box<str>),
    /// Whatever was asked for.
    Any,
}

impl HostPattern {
    /// Reads `any`, `*`, `*.example.com` or `api.example.com`.
    pub fn parse(text: &str) -> Result<HostPattern, String> {
        if matches!(text, "any" | "*") {
            return Ok(HostPattern::Any);
        }
        let (suffix, name) = match text.strip_prefix("*.") {
            Some(name) => (true, name),
            None => (false, text),
        };
        let host = CanonicalHost::parse(name).map_err(|_| format!("`{}` is not a host", text.escape_debug()))?;
        let port = !name.starts_with('[') && name.contains(':') || name.contains("]:");
        if port {
            return Err(format!("host `{text}` names a port; hosts match on every port"));
        }
        let host: Box<str> = host.as_str().into();
        Ok(if suffix { HostPattern::Suffix(host) } else { HostPattern::Exact(host) })
    }

    /// Whether a host, in canonical form, is one of these.
    pub fn fits(&self, host: &str) -> bool {
        match self {
            HostPattern::Any => true,
            HostPattern::Exact(name) => **name == *host,
            HostPattern::Suffix(name) => host.strip_suffix(&**name).is_some_and(|rest| rest.ends_with('.')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CanonicalHost, HostPattern, HostRefusal};

    #[test]
    fn spellings_of_one_host_are_one() {
        for text in [
            "api.example.com",
            "API.Example.COM",
            "api.example.com:8443",
            "api.example.com.",
            "Api.example.com.:1",
            "api.example.com:",
        ] {
            assert_eq!(CanonicalHost::parse(text).unwrap().as_str(), "api.example.com", "{text}");
        }
        assert_eq!(CanonicalHost::parse("127.0.0.1:8443").unwrap().as_str(), "127.0.0.1");
        assert_eq!(CanonicalHost::parse("[0:0::1]:443").unwrap().as_str(), "[::1]");
        assert_eq!(CanonicalHost::parse("[::1]").unwrap().as_str(), "[::1]");
    }

    #[test]
    fn what_is_not_one_host_is_refused() {
        let long = "a".repeat(254);
        for text in [
            "",
            ".",
            ":80",
            "a..b",
            ".a",
            "a.b..",
            "user@a",
            "a b",
            "a,b",
            "a/b",
            "a:80:81",
            "a:99999",
            "a:8x",
            "a:+80",
            "[::1",
            "[::1]x",
            "[zz]",
            "[::1]:x",
            "::1",
            "a\0",
            "caf\u{e9}",
            "a%2eb",
            "a\\b",
            "a?b",
            "a#b",
            &long,
        ] {
            assert_eq!(CanonicalHost::parse(text), Err(HostRefusal), "{text:?}");
        }
    }

    #[test]
    fn patterns_are_read() {
        assert_eq!(HostPattern::parse("any"), Ok(HostPattern::Any));
        assert_eq!(HostPattern::parse("*.Example.com"), Ok(HostPattern::Suffix("example.com".into())));
        assert_eq!(HostPattern::parse("A.b"), Ok(HostPattern::Exact("a.b".into())));
        for bad in ["", "*.", "a.*", "*a.b", "a:80", "[::1]:80", "a b"] {
            assert!(HostPattern::parse(bad).is_err(), "{bad:?}");
        }
    }
}
