//! What a redirect listener answers: the same address over https, whatever was asked.
//! The host is the caller's own word, but its spelling was checked with the head.
//! Must never: ask for credentials, or reach a route.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST, LOCATION};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;

use crate::edge::connection::Connection;
use crate::edge::head::refusal::Refusal;
use crate::edge::respond::proof;

/// The port that `https` means when none is said.
const HTTPS_PORT: u16 = 443;

/// Answers 308 to https on `port`, or the refusal of a head that was refused; an authority
/// that looks for a proof finds it here.
pub(in crate::edge) fn answer(
    connection: &Arc<Connection>,
    request: &Parts,
    port: u16,
) -> Ready<Result<Box<Response<Full<Bytes>>>, Infallible>> {
    let proof = proof::found(connection, &request.method, request.uri.path());
    let response = match (connection.refusal(&request.extensions), proof, location(request, port)) {
        (Some(refusal), ..) => refused(refusal),
        (None, Some(proof), _) => proof.map(Full::new),
        (None, None, Some(location)) => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(LOCATION, location);
            response
        }
        (None, None, None) => refused(Refusal::HostMissing),
    };
    ready(Ok(Box::new(response)))
}

/// Where the same thing stands over https. `OPTIONS *` stands nowhere; it is sent to
/// the root.
fn location(request: &Parts, port: u16) -> Option<HeaderValue> {
    let host = request.headers.get(HOST)?.to_str().ok()?;
    let name = match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    };
    let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
    let target = if target.starts_with('/') { target } else { "/" };
    let location = match port {
        HTTPS_PORT => format!("https://{name}{target}"),
        port => format!("https://{name}:{port}{target}"),
    };
    HeaderValue::try_from(location).ok()
}

fn refused(refusal: Refusal) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(refusal.sentence()));
    *response.status_mut() = refusal.status();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::location;

    #[test]
    fn the_same_address_over_https() {
        let of = |host: &str, target: &str, port| {
            let request =
                Request::builder().uri(target).header("host", host).body(()).expect("a request").into_parts().0;
            location(&request, port).expect("a location").to_str().expect("ASCII").to_owned()
        };
        assert_eq!(of("a.example", "/x?y=1", 443), "https://a.example/x?y=1");
        assert_eq!(of("a.example:80", "/", 8443), "https://a.example:8443/");
        assert_eq!(of("[::1]:80", "/", 443), "https://[::1]/");
        assert_eq!(of("[::1]", "//evil", 443), "https://[::1]//evil");
        assert_eq!(of("a.example", "*", 443), "https://a.example/");
    }
}
