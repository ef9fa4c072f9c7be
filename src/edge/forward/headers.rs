//! Which header lines may pass, in either direction. A request's block is built
//! anew from what may go on, never edited, so that nothing passes by omission; an
//! answer's loses what belongs to the connection (RFC 9110 §7.6.1).
//! Must never: let a caller's line reach a backend under a name that we set, in any
//! spelling a CGI-like server would take for it (`X_User`, `x.user` for `X-User`).

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};

use crate::snapshot::Plan;

/// Names that no caller may set, whatever the file says: they speak of the
/// connection, of the framing, or of who and where the caller is.
const NEVER: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "proxy",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    "host",
    "content-length",
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-original-forwarded-for",
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-rewrite-url",
    "x-host",
    "x-scheme",
    "x-url-scheme",
    "front-end-https",
    "x-tollgate-mirror",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

/// Every name that begins so is never taken from a caller: where he comes from, and
/// what somebody's TLS terminator says of his certificate (RFC 9440 and older customs).
const NEVER_PREFIXES: &[&[u8]] = &[
    b"x-forwarded-",
    b"client-cert",
    b"x-client-cert",
    b"x-ssl-client",
    b"ssl-client",
    b"x-tls-client",
    b"x-amzn-mtls-",
    b"x-arr-clientcert",
];

/// Names that pass, but in this spelling only: another one would be taken for it.
const EXACT: &[&str] =
    &["authorization", "content-type", "content-encoding", "cookie", "user-agent", "origin", "referer"];

/// Ordinary request headers: a plan that sets one replaces it on its own route and
/// leaves it alone on the others.
const ORDINARY: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "content-type",
    "cookie",
    "origin",
    "pragma",
    "referer",
    "user-agent",
];

/// Names that mean nothing behind a body, or something else than in front of it: they
/// frame or route a message, change what a request asks for, say who asks, or how his
/// body is to be read (RFC 9110 §6.5.1). Those of `NEVER` and of plans are not repeated.
const NOT_BEHIND: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "authentication-info",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "cookie2",
    "date",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "referer",
    "set-cookie",
    "user-agent",
];

/// Names longer than this are compared by nobody: no name of ours is so long.
const LONGEST: usize = 64;

/// What becomes of the caller's `Authorization`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Credential {
    /// It ends here.
    Strip,
    /// The backend reads it too.
    Keep,
}

/// The names of one snapshot that may not come in, ready to be asked.
#[derive(Debug)]
pub struct Screen {
    /// Refused in every spelling.
    never: Names,
    /// Refused in every spelling but their own.
    exact: Names,
    /// Refused behind a body, in every spelling.
    not_behind: Names,
    /// Credentials besides `Authorization`: they end here where that one does.
    credentials: Vec<HeaderName>,
}

impl Screen {
    /// The screen in front of these plans: what one of them sets is refused on all, and
    /// so are other spellings of the headers that may hold a token.
    pub fn of(plans: &[Plan], credentials: &[HeaderName]) -> Screen {
        let mut never = Names::new();
        let mut exact = Names::new();
        let mut not_behind = Names::new();
        NEVER.iter().for_each(|n| never.add(n));
        EXACT.iter().for_each(|n| exact.add(n));
        NOT_BEHIND.iter().for_each(|n| not_behind.add(n));
        for name in credentials.iter().map(HeaderName::as_str) {
            exact.add(name);
            not_behind.add(name);
        }
        let set = |plan: &Plan| -> Vec<HeaderName> {
            let own = plan.user_tokens.iter().map(|tokens| tokens.header.clone());
            let set = plan.set.iter().map(|(name, _)| name.clone()).chain(own);
            plan.identity.iter().map(|(name, _)| name.clone()).chain(set).collect()
        };
        for name in plans.iter().flat_map(set) {
            if ORDINARY.contains(&name.as_str()) {
                exact.add(name.as_str());
            } else {
                never.add(name.as_str());
            }
        }
        Screen { never, exact, not_behind, credentials: credentials.to_vec() }
    }

    /// True when a caller's line of this name may go on.
    pub fn passes(&self, name: &HeaderName) -> bool {
        let bytes = name.as_str().as_bytes();
        !self.never.has(bytes)
            && !NEVER_PREFIXES.iter().any(|prefix| begins(bytes, prefix))
            && !self.exact.has_other_spelling(bytes)
    }

    /// True when a caller's trailer of this name may go on.
    pub fn passes_behind(&self, name: &HeaderName) -> bool {
        self.passes(name) && !self.not_behind.has(name.as_str().as_bytes())
    }

    fn is_credential(&self, name: &HeaderName) -> bool {
        *name == header::AUTHORIZATION || self.credentials.contains(name)
    }

    /// Copies the lines that may go on. What `Connection` names stays behind, but
    /// only of the caller's own lines: ours are set afterwards. Several `Cookie` lines,
    /// which only HTTP/2 may have, become one (RFC 9113 §8.2.3).
    pub fn copy(&self, incoming: &HeaderMap, credential: Credential, out: &mut HeaderMap) {
        let named = Named::of(incoming);
        for (name, value) in incoming {
            let stays = credential == Credential::Strip && self.is_credential(name);
            if stays || !self.passes(name) || named.has(name) {
                continue;
            }
            match out.get(header::COOKIE).filter(|_| *name == header::COOKIE) {
                Some(before) => {
                    let both = [before.as_bytes(), value.as_bytes()].join(&b"; "[..]);
                    // Two values joined by visible signs are a value.
                    if let Ok(both) = HeaderValue::from_maybe_shared(Bytes::from(both)) {
                        out.insert(header::COOKIE, both);
                    }
                }
                None => drop(out.append(name.clone(), value.clone())),
            }
        }
    }
}

/// Removes from an answer what belongs to the backend's connection. Most answers have
/// at most one such line, so they are looked through once and seldom touched.
pub fn clean_answer(headers: &mut HeaderMap) {
    let mut gone: Vec<HeaderName> = headers.keys().filter(|name| is_of_the_connection(name)).cloned().collect();
    if gone.contains(&header::CONNECTION) {
        gone.extend(Named::of(headers).names().filter(|name| *name != header::CONTENT_LENGTH));
    }
    gone.iter().for_each(|name| drop(headers.remove(name)));
}

fn is_of_the_connection(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "transfer-encoding"
            | "upgrade"
            | "te"
            | "proxy-authenticate"
            | "proxy-authentication-info"
    )
}

/// The names a `Connection` header lists.
struct Named<'a>(Vec<&'a str>);

impl<'a> Named<'a> {
    fn of(headers: &'a HeaderMap) -> Named<'a> {
        let lines = headers.get_all(header::CONNECTION).into_iter().filter_map(|v| v.to_str().ok());
        Named(lines.flat_map(|line| line.split(',')).map(str::trim).filter(|n| !n.is_empty()).collect())
    }

    fn has(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|n| n.eq_ignore_ascii_case(name.as_str()))
    }

    fn names(&self) -> impl Iterator<Item = HeaderName> {
        self.0.iter().filter_map(|n| HeaderName::from_bytes(n.as_bytes()).ok())
    }
}

/// A set of names that does not care which sign stands between words: sorted by
/// length, since most names a caller sends have a length none of ours has.
#[derive(Debug)]
struct Names(Vec<Vec<Box<[u8]>>>);

impl Names {
    fn new() -> Names {
        Names(vec![Vec::new(); LONGEST + 1])
    }

    fn add(&mut self, name: &str) {
        let folded: Box<[u8]> = name.bytes().map(fold).collect();
        if folded.len() >= self.0.len() {
            self.0.resize(folded.len() + 1, Vec::new());
        }
        if let Some(row) = self.0.get_mut(folded.len())
            && !row.contains(&folded)
        {
            row.push(folded);
        }
    }

    fn has(&self, name: &[u8]) -> bool {
        self.0.get(name.len()).is_some_and(|row| row.iter().any(|ours| same(name, ours)))
    }

    fn has_other_spelling(&self, name: &[u8]) -> bool {
        self.0.get(name.len()).is_some_and(|row| row.iter().any(|ours| same(name, ours) && name != &**ours))
    }
}

/// One byte as a careless server reads it in a header name.
fn fold(byte: u8) -> u8 {
    if byte.is_ascii_alphanumeric() { byte.to_ascii_lowercase() } else { b'-' }
}

fn same(name: &[u8], folded: &[u8]) -> bool {
    name.iter().zip(folded).all(|(a, b)| fold(*a) == *b)
}

fn begins(name: &[u8], folded: &[u8]) -> bool {
    name.len() >= folded.len() && same(&name[..folded.len()], folded)
}

#[cfg(test)]
mod tests;
