//! The published keys (RFC 7517 §5). What a ring publishes never holds a private or a
//! shared key; this file only says for how long a cache may keep the answer.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::clock::Seconds;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::service::Desk;

/// The longest a cache may keep keys or metadata.
const KEEP_MOST: Seconds = Seconds(300);

/// Answers one request for the keys.
pub(in crate::oauth) fn answer(desk: Desk<'_>, seat: &Seat, raw: &RawRequest) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    // A cache must have looked again before a published key begins to sign.
    let keep = desk.issuer.keys.publish_ahead.min(KEEP_MOST);
    Ok(public(desk.ring.jwks().to_string(), "application/jwk-set+json", keep))
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
