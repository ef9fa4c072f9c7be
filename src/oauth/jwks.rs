//! The published keys (RFC 7517 §5), or, as some old systems have it, the one that signs
//! now by itself. What a ring publishes never holds a private or a shared key; this file
//! only says for how long a cache may keep the answer.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, PRAGMA};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use crate::clock::{Seconds, UnixTime};
use crate::dialect::fact::{Fact, Facts};
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
    let Some(own) = &seat.success else {
        return Ok(public(desk.ring.jwks().to_string(), "application/jwk-set+json", keep));
    };
    let set = desk.ring.jwks();
    let kid = desk.ring.signer().map(|signer| signer.kid().as_str());
    let published = set["keys"].as_array().map_or(&[][..], |keys| keys);
    let signs = published.iter().find(|key| key["kid"].as_str() == kid);
    let key = signs.ok_or_else(|| Refused::internal("no public key of the issuer signs now".to_owned()))?;
    let mut reply = own.write(&raw.headers, &PublicKey(key), &[]);
    reply.headers.remove(PRAGMA);
    reply.headers.insert(CACHE_CONTROL, kept(keep));
    Ok(Answer::plain(reply))
}

/// A published key as a dialect's templates see it.
struct PublicKey<'a>(&'a Value);

impl Facts for PublicKey<'_> {
    fn fact(&self, name: &str) -> Fact {
        Fact::maybe(self.0.get(name).and_then(Value::as_str))
    }

    fn now(&self) -> UnixTime {
        UnixTime(0)
    }
}

/// For how long a cache may keep something.
fn kept(keep: Seconds) -> HeaderValue {
    HeaderValue::from_str(&format!("public, max-age={}", keep.0)).unwrap_or(HeaderValue::from_static("no-cache"))
}

/// A public document that caches may keep for a while.
pub(in crate::oauth) fn public(body: String, media_type: &'static str, keep: Seconds) -> Answer {
    let mut headers = HeaderMap::with_capacity(3);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, kept(keep));
    Answer::plain(Reply { status: StatusCode::OK, headers, body: Bytes::from(body) })
}
