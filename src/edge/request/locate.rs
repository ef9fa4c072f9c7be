//! Which request this is: one host, one path, one method, each in its one form. What
//! has two readings is refused here, so that what is matched, judged, logged and
//! forwarded are the same bytes. Must never: repair what it can refuse.

use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::access::host::CanonicalHost;
use crate::access::path::{CanonicalPath, PathRefusal};
use crate::access::table::Table;

/// A request with one reading.
#[derive(Debug)]
pub struct Located<'r> {
    /// The host that was asked for.
    pub host: CanonicalHost<'r>,
    /// The path that was asked for.
    pub path: CanonicalPath<'r>,
    /// The query as it came, without `?`.
    pub query: Option<&'r str>,
    /// Host and port, as they go on to a backend.
    pub authority: HeaderValue,
}

/// Why a request has no one reading, or none that is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misfit {
    /// A method that reflects or tunnels.
    Method,
    /// No host, two hosts, or one that is none.
    Host,
    /// Another host than the TLS handshake was for (RFC 9110 §15.5.20).
    Misdirected,
    /// A path with two readings.
    Path(PathRefusal),
    /// A query with bytes that no URI has.
    Query,
}

impl Misfit {
    /// The methods that are served at all.
    pub const METHODS: &'static str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

    /// What the caller gets.
    pub fn status(&self) -> StatusCode {
        match self {
            Misfit::Method => StatusCode::METHOD_NOT_ALLOWED,
            Misfit::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Misfit::Path(PathRefusal::TooLong) => StatusCode::URI_TOO_LONG,
            Misfit::Host | Misfit::Path(_) | Misfit::Query => StatusCode::BAD_REQUEST,
        }
    }

    /// The word in logs and metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Misfit::Method => "method_refused",
            Misfit::Host => "host_invalid",
            Misfit::Misdirected => "host_misdirected",
            Misfit::Path(refusal) => refusal.label(),
            Misfit::Query => "query_invalid",
        }
    }

    /// One sentence for the caller.
    pub fn sentence(&self) -> &'static str {
        match self {
            Misfit::Method => "this method is not served here",
            Misfit::Host => "the request does not name one valid host",
            Misfit::Misdirected => "the request is for another host than its connection",
            Misfit::Path(_) => "the request path is malformed or could be read in two ways",
            Misfit::Query => "the query holds bytes that must be percent-encoded",
        }
    }
}

/// Reads a request's head. `sni` is the name of the TLS handshake, if there was one. A
/// request for another host than that is misdirected (RFC 9110 §15.5.20) as soon as the
/// table has anything that is for one of the two and not for the other.
pub fn locate<'r>(head: &'r Parts, sni: Option<&str>, table: &Table) -> Result<Located<'r>, Misfit> {
    if matches!(head.method, Method::CONNECT | Method::TRACE) {
        return Err(Misfit::Method);
    }
    let (text, line) = authority(head)?;
    let host = CanonicalHost::parse(text).map_err(|_| Misfit::Host)?;
    if sni.is_some_and(|name| name != host.as_str() && table.tells_apart(name, host.as_str())) {
        return Err(Misfit::Misdirected);
    }
    let path = CanonicalPath::parse(head.uri.path()).map_err(Misfit::Path)?;
    let query = head.uri.query();
    if query.is_some_and(|q| !q.bytes().all(|b| matches!(b, b'!'..=b'~'))) {
        return Err(Misfit::Query);
    }
    let authority = forwarded(text, &host, line).ok_or(Misfit::Host)?;
    Ok(Located { host, path, query, authority })
}

/// The one authority: of the target (HTTP/2, absolute form), of `Host`, or of both if
/// they agree.
fn authority(head: &Parts) -> Result<(&str, Option<&HeaderValue>), Misfit> {
    let mut lines = head.headers.get_all(header::HOST).iter();
    let (line, more) = (lines.next(), lines.next());
    if more.is_some() {
        return Err(Misfit::Host);
    }
    let named = line.map(|l| l.to_str().map_err(|_| Misfit::Host)).transpose()?;
    match (head.uri.authority(), named) {
        (None, None) => Err(Misfit::Host),
        (None, Some(name)) => Ok((name, line)),
        (Some(target), None) => Ok((target.as_str(), None)),
        (Some(target), Some(name)) if target.as_str().eq_ignore_ascii_case(name) => Ok((name, line)),
        (Some(_), Some(_)) => Err(Misfit::Host),
    }
}

/// The authority a backend gets: the caller's own bytes where they are canonical.
fn forwarded(text: &str, host: &CanonicalHost<'_>, line: Option<&HeaderValue>) -> Option<HeaderValue> {
    let port = text.strip_prefix(host.as_str());
    if port.is_some_and(|port| port.is_empty() || port.len() > 1 && port.starts_with(':')) {
        return line.map_or_else(|| HeaderValue::from_str(text).ok(), |line| Some(line.clone()));
    }
    let end = text.rfind(']').map_or(0, |at| at + 1);
    let port = text[end..].rsplit_once(':').map_or("", |(_, port)| port);
    let colon = if port.is_empty() { "" } else { ":" };
    HeaderValue::from_maybe_shared(bytes::Bytes::from(format!("{}{colon}{port}", host.as_str()))).ok()
}

#[cfg(test)]
mod tests {
    use http::request::Parts;
    use http::{Method, Request};

    use super::{Misfit, locate};
    use crate::access::host::HostPattern;
    use crate::access::pattern::PathPattern;
    use crate::access::table::{Entry, Table, Target};
    use crate::dialect::endpoint::{Endpoint, EndpointRef};

    fn head(method: Method, target: &str, hosts: &[&str]) -> Parts {
        let mut request = Request::builder().method(method).uri(target);
        for host in hosts {
            request = request.header("host", *host);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn get(target: &str, hosts: &[&str]) -> Parts {
        head(Method::GET, target, hosts)
    }

    #[test]
    fn one_host_one_path() {
        for (target, hosts, host, path, authority) in [
            ("/a/b?x=1", vec!["api.test:8443"], "api.test", "/a/b", "api.test:8443"),
            ("/a//b", vec!["API.test.:80"], "api.test", "/a/b", "api.test:80"),
            ("https://api.test/a", vec![], "api.test", "/a", "api.test"),
            ("http://api.test:1/a", vec!["API.test:1"], "api.test", "/a", "api.test:1"),
            ("/%7Euser", vec!["[::1]:5"], "[::1]", "/~user", "[::1]:5"),
            ("/", vec!["api.test:"], "api.test", "/", "api.test"),
        ] {
            let head = get(target, &hosts);
            let located = locate(&head, None, &Table::default()).expect("it has one reading");
            assert_eq!(located.host.as_str(), host, "{target}");
            assert_eq!(located.path.as_str(), path, "{target}");
            assert_eq!(located.authority, authority, "{target}");
        }
    }

    #[test]
    fn two_readings_are_refused() {
        for (target, hosts, label) in [
            ("/", vec![], "host_invalid"),
            ("/", vec!["a", "a"], "host_invalid"),
            ("/", vec!["a", "b"], "host_invalid"),
            ("/", vec!["u@a"], "host_invalid"),
            ("http://a/", vec!["b"], "host_invalid"),
            ("http://a:1/", vec!["a:2"], "host_invalid"),
            ("/a/../b", vec!["a"], "path_dot_segment"),
            ("/a%2fb", vec!["a"], "path_encoded_slash"),
            ("/a?\u{e9}", vec!["a"], "query_invalid"),
        ] {
            let head = get(target, &hosts);
            let refused = locate(&head, None, &Table::default()).expect_err("it has two readings");
            assert_eq!(refused.label(), label, "{target} {hosts:?}");
            assert_eq!(refused.status(), 400);
        }
    }

    #[test]
    fn the_handshakes_name_counts_when_there_is_one() {
        let head = get("/", &["a.test:8443"]);
        assert!(locate(&head, None, &Table::default()).is_ok());
        let one_for_all = Table::default();
        assert!(locate(&head, Some("a.test"), &one_for_all).is_ok());
        assert!(locate(&head, Some("b.test"), &one_for_all).is_ok(), "nothing here is for one of them alone");
        for (pattern, apart) in [("a.test", true), ("b.test", true), ("*.test", false), ("*.example", false)] {
            let host = HostPattern::parse(pattern).expect("a host");
            let path = PathPattern::parse("/**").expect("a path");
            let target = Target::Endpoint(EndpointRef { issuer: 0, endpoint: Endpoint::Jwks, seat: 0 });
            let table = Table::build(vec![Entry { host, path, target }]).expect("no conflict");
            let outcome = locate(&head, Some("b.test"), &table).map(|_| ());
            let expected = if apart { Err(Misfit::Misdirected) } else { Ok(()) };
            assert_eq!(outcome, expected, "{pattern}");
            assert!(locate(&head, Some("a.test"), &table).is_ok());
        }
    }

    #[test]
    fn methods_that_reflect_or_tunnel_are_not_served() {
        for method in [Method::CONNECT, Method::TRACE] {
            let head = head(method, "/", &["a"]);
            assert_eq!(locate(&head, None, &Table::default()).map(|_| ()), Err(Misfit::Method));
        }
    }
}
