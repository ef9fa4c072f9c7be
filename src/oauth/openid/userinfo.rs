//! The userinfo endpoint (OpenID Connect Core §5.3): what an application with a living
//! access token for `openid` may know of the person. A resource like any other, so it
//! refuses in the words of the API.

use bytes::Bytes;
use http::StatusCode;
use http::header::AUTHORIZATION;
use serde_json::Value;

use crate::clock::UnixTime;
use crate::dialect::answer::secret_headers;
use crate::dialect::challenge;
use crate::dialect::condition::{Badness, Challenge};
use crate::dialect::knobs::Seat;
use crate::dialect::standard::JSON;
use crate::dialect::wire::{RawRequest, Reply};
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::inspect::{Found, find};
use crate::oauth::introspect::live_access;
use crate::oauth::issuer::OPENID;
use crate::oauth::openid::claims;
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::{Directory, GrantStore};
use crate::token::scope::{Scope, Scopes};
use crate::token::secret::Secret;

/// Answers one request to the userinfo endpoint.
pub(in crate::oauth) async fn answer<S: GrantStore + Directory, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Answer, Refused> {
    seat.answers(raw)?;
    let refuse = |why: Challenge| {
        let reply = challenge::write(desk.dialect, &why, desk.issuer.name.as_str());
        Ok(Answer { result: "refused", ..Answer::plain(reply) })
    };
    let token = match presented(raw) {
        Ok(Some(token)) => token,
        Ok(None) => return refuse(Challenge::TokenMissing),
        Err(why) => return refuse(Challenge::RequestBad(why)),
    };
    let found = match find(&service.store, desk, &token).await? {
        Some(Found::Access(access)) => live_access(service, desk, *access, now),
        Some(Found::Refresh(_)) | None => None,
    };
    let Some(token) = found else { return refuse(Challenge::TokenBad(Badness::Invalid)) };
    if !token.scope.iter().any(|scope| scope.as_str() == OPENID) {
        let needed: Scopes = Scope::parse(OPENID).into_iter().collect();
        return refuse(Challenge::ScopeMissing(needed));
    }
    let user = match desk.issuer.users.values().find(|user| user.subject == token.subject) {
        Some(user) => Some(user.clone()),
        None => service.store.subject(&desk.issuer.name, &token.subject).await?,
    };
    let Some(user) = user.filter(|user| !user.disabled) else {
        return refuse(Challenge::TokenBad(Badness::Invalid));
    };
    let body = Value::Object(claims::of(&user, &token.scope)).to_string();
    Ok(Answer::plain(Reply { status: StatusCode::OK, headers: secret_headers(JSON), body: Bytes::from(body) }))
}

/// The one token of the request, in its header (RFC 6750 §2.1).
fn presented(raw: &RawRequest) -> Result<Option<Secret>, &'static str> {
    let mut lines = raw.headers.get_all(AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        return Err("more than one credential");
    }
    let Some((scheme, token)) = line.to_str().ok().and_then(|line| line.split_once(' ')) else {
        return Err("a credential that is none");
    };
    Ok(scheme.eq_ignore_ascii_case("Bearer").then(|| Secret::new(token.trim().to_owned())))
}
