//! The published keys (RFC 7517 §5). What a ring publishes never holds a private or a
//! shared key; this file only says for how long a cache may keep the answer.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::clock::Seconds;
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::service::{Desk, methods};

/// The longest a cache may keep keys or metadata.
const KEEP_MOST: Seconds = Seconds(300);

/// Answers one request for the keys.
pub(in crate::oauth) fn answer(desk: Desk<'_>, raw: &RawRequest) -> Result<Answer, Refused> {
    only_read(raw, Endpoint::Jwks)?;
    // A cache must have looked again before a published key begins to sign.
    let keep = desk.issuer.keys.publish_ahead.min(KEEP_MOST);
    Ok(public(desk.ring.jwks().to_string(), "application/jwk-set+json", keep))
}

/// Refuses what is neither `GET` nor `HEAD`.
pub(in crate::oauth) fn only_read(raw: &RawRequest, endpoint: Endpoint) -> Result<(), Refused> {
    if raw.method == Method::GET || raw.method == Method::HEAD {
        return Ok(());
    }
    Err(Condition::WrongMethod(methods(endpoint)).into())
}

/// A public document that caches may keep for a while.
pub(in crate::oauth) fn public(body: String, media_type: &'static str, keep: Seconds) -> Answer {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(value) = HeaderValue::from_str(&format!("public, max-age={}", keep.0)) {
        headers.insert(CACHE_CONTROL, value);
    }
    Answer::plain(Reply { status: StatusCode::OK, headers, body: Bytes::from(body) })
}
