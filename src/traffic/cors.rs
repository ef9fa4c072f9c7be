//! Cross-origin reading of a route (Fetch standard, "CORS protocol"). A preflight is
//! answered before anybody is asked for a token, since browsers send none with it. An
//! origin is compared as text with what the file lists; `null`, which any sandboxed page
//! has, is never listed. What a backend says about origins itself is replaced.
//! Must never: allow credentials to every origin, or repeat an origin it does not know.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use crate::dialect::wire::Reply;

/// Request headers that need no leave (Fetch, "CORS-safelisted request-header").
const SAFE: [&str; 4] = ["accept", "accept-language", "content-language", "content-type"];

/// Whom a route is open to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cors {
    /// Which origins.
    pub origins: Origins,
    /// Methods of scripts.
    pub methods: Vec<Method>,
    /// Header lines that scripts may send, in lower case.
    pub headers: Vec<HeaderName>,
    /// Header lines that scripts may read.
    pub expose: Vec<HeaderName>,
    /// Whether cookies and the like come along.
    pub credentials: Credentials,
    /// Seconds for which a browser may remember a preflight.
    pub max_age: u64,
}

/// Which origins a route is open to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Origins {
    /// Every one.
    Any,
    /// These.
    Listed(Vec<OriginPattern>),
}

/// Whether a browser sends cookies and lets scripts read the answer to them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credentials {
    /// It does.
    Allowed,
    /// It does not.
    Never,
}

/// One origin, or those that differ in their first label only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OriginPattern {
    /// Byte for byte.
    Exact(Box<str>),
    /// `https://*.example.com:8443`: one label between the two.
    Label {
        /// `https://`.
        before: Box<str>,
        /// `.example.com:8443`.
        after: Box<str>,
    },
}

impl OriginPattern {
    /// Reads `https://app.example.com` or `https://*.example.com`.
    ///
    /// # Errors
    /// Why it is no origin, in the operator's words.
    pub fn parse(text: &str) -> Result<OriginPattern, &'static str> {
        if text == "null" {
            return Err("every sandboxed page has the origin `null`");
        }
        let (scheme, authority) = text.split_once("://").ok_or("an origin has a scheme, such as https://")?;
        let first = scheme.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
        if !first || !scheme.bytes().all(plain) {
            return Err("its scheme is not one in lower case");
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |number| number == 0 || number.to_string() != port))
        {
            return Err("its port is not a number");
        }
        if matches!((scheme, port), ("https", Some("443")) | ("http", Some("80"))) {
            return Err("browsers leave out the port that a scheme has by itself");
        }
        if let Some(parent) = host.strip_prefix("*.") {
            if !is_name(parent) || !parent.contains('.') {
                return Err("a `*` stands for one label before a domain of two or more");
            }
            let (before, after) = (format!("{scheme}://"), &authority[1..]);
            return Ok(OriginPattern::Label { before: before.into(), after: after.into() });
        }
        let bracketed = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
        let address = bracketed.is_some_and(|inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
        if address || is_name(host) {
            Ok(OriginPattern::Exact(text.into()))
        } else {
            Err("its host is not one in lower case")
        }
    }

    /// Whether an `Origin` is this one.
    pub fn fits(&self, origin: &str) -> bool {
        match self {
            OriginPattern::Exact(listed) => **listed == *origin,
            OriginPattern::Label { before, after } => {
                let label = origin.strip_prefix(&**before).and_then(|rest| rest.strip_suffix(&**after));
                label.is_some_and(is_label)
            }
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&text.len()) && text.bytes().all(plain)
}

/// What a request is to this protocol.
#[derive(Debug)]
pub enum Preflight {
    /// An ordinary request.
    None,
    /// A preflight, with its answer.
    Granted(Reply),
    /// A preflight of an origin, for a method or with a header that is not listed.
    Refused(Reply),
}

impl Cors {
    /// Answers a preflight.
    pub fn preflight(&self, method: &Method, asked: &HeaderMap) -> Preflight {
        let wanted = match (method, asked.get(ACCESS_CONTROL_REQUEST_METHOD)) {
            (&Method::OPTIONS, Some(wanted)) if asked.contains_key(ORIGIN) => wanted,
            _ => return Preflight::None,
        };
        let mut headers = HeaderMap::with_capacity(6);
        let vary = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
        headers.insert(VARY, HeaderValue::from_static(vary));
        let method = self.methods.iter().any(|method| method.as_str().as_bytes() == wanted.as_bytes());
        match self.allowed(asked).filter(|_| method && self.may_send(asked)) {
            Some(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                self.credentials(&mut headers);
                list(ACCESS_CONTROL_ALLOW_METHODS, self.methods.iter().map(Method::as_str), &mut headers);
                list(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.iter().map(HeaderName::as_str), &mut headers);
                headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(self.max_age));
                Preflight::Granted(Reply { status: StatusCode::NO_CONTENT, headers, body: Bytes::new() })
            }
            None => Preflight::Refused(Reply { status: StatusCode::FORBIDDEN, headers, body: Bytes::new() }),
        }
    }

    /// Says in an answer who may read it, in place of what the backend said.
    pub fn open(&self, asked: &HeaderMap, answered: &mut HeaderMap) {
        let theirs = |name: &&HeaderName| name.as_str().starts_with("access-control-");
        let theirs: Vec<HeaderName> = answered.keys().filter(theirs).cloned().collect();
        theirs.iter().for_each(|name| drop(answered.remove(name)));
        if let Origins::Listed(_) = self.origins {
            answered.append(VARY, HeaderValue::from_static("Origin"));
        }
        if let Some(origin) = self.allowed(asked) {
            answered.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            self.credentials(answered);
            list(ACCESS_CONTROL_EXPOSE_HEADERS, self.expose.iter().map(HeaderName::as_str), answered);
        }
    }

    /// What `Access-Control-Allow-Origin` says to the one `Origin` of the request.
    fn allowed(&self, asked: &HeaderMap) -> Option<HeaderValue> {
        let mut lines = asked.get_all(ORIGIN).iter();
        let (Some(origin), None) = (lines.next(), lines.next()) else { return None };
        match &self.origins {
            Origins::Any => Some(HeaderValue::from_static("*")),
            Origins::Listed(listed) => {
                let text = origin.to_str().ok()?;
                listed.iter().any(|one| one.fits(text)).then(|| origin.clone())
            }
        }
    }

    fn may_send(&self, asked: &HeaderMap) -> bool {
        let lines = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter();
        let mut names = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        names.all(|name| {
            let listed = |known: &str| known.as_bytes().eq_ignore_ascii_case(name);
            name.is_empty() || SAFE.iter().any(|safe| listed(safe)) || self.headers.iter().any(|h| listed(h.as_str()))
        })
    }

    fn credentials(&self, headers: &mut HeaderMap) {
        if self.credentials == Credentials::Allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

fn list<'n>(name: HeaderName, names: impl Iterator<Item = &'n str>, headers: &mut HeaderMap) {
    let joined = names.collect::<Vec<_>>().join(", ");
    if let (Ok(value), false) = (HeaderValue::from_str(&joined), joined.is_empty()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
