//! A form in which a token may stand (RFC 6750 §2.2): it is read whole before anybody is
//! let in, and goes on without the token.

use std::borrow::Cow;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, header};

use crate::access::route::Route;
use crate::edge::forward::target;
use crate::edge::upstream::error::ForwardError;

/// Whether the route takes tokens in forms and the body is one.
pub fn may_hold_a_token(route: &Route, head: &Parts) -> bool {
    !route.presentation.form.is_empty() && is_form(head)
}

/// The form as the backend gets it.
pub fn without_token(form: &Bytes, route: &Route) -> Result<Bytes, ForwardError> {
    let text = std::str::from_utf8(form).map_err(|_| ForwardError::BodyBroken)?;
    Ok(match target::without(Some(text), &route.presentation.form) {
        Some(Cow::Borrowed(_)) => form.clone(),
        Some(Cow::Owned(rest)) => Bytes::from(rest),
        None => Bytes::new(),
    })
}

fn is_form(head: &Parts) -> bool {
    let form = |value: &HeaderValue| {
        let kind = value.as_bytes().split(|b| *b == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
    };
    !matches!(head.method, Method::GET | Method::HEAD) && head.headers.get_all(header::CONTENT_TYPE).iter().any(form)
}
