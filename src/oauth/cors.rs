//! Cross-origin reading of the issuer's endpoints, for listed origins and never with
//! credentials. An origin that is not listed is answered as if there were no such
//! thing; the browser then keeps the answer from its page.

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::issuer::Issuer;

/// The answer to a preflight of a listed origin; `None` for anything else.
pub(in crate::oauth) fn preflight(issuer: &Issuer, methods: &str, raw: &RawRequest) -> Option<Reply> {
    if raw.method != Method::OPTIONS || !raw.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        return None;
    }
    listed(issuer, &raw.headers)?;
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_str(methods).ok()?);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Some(Reply { status: StatusCode::NO_CONTENT, headers, body: Bytes::new() })
}

/// Adds to an answer what lets a listed origin read it. Where any origin is listed,
/// every answer says that it depends on the origin, or a cache would mix them up.
pub(in crate::oauth) fn open(issuer: &Issuer, asked: &HeaderMap, answered: &mut HeaderMap) {
    if issuer.cors_origins.is_empty() {
        return;
    }
    answered.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = listed(issuer, asked) {
        answered.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answered.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("www-authenticate, retry-after"));
    }
}

/// The one `Origin` of the request, if it is listed byte for byte.
fn listed<'a>(issuer: &Issuer, asked: &'a HeaderMap) -> Option<&'a HeaderValue> {
    let mut lines = asked.get_all(ORIGIN).iter();
    let (Some(origin), None) = (lines.next(), lines.next()) else { return None };
    issuer.cors_origins.iter().any(|listed| listed.as_bytes() == origin.as_bytes()).then_some(origin)
}
