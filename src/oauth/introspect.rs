//! RFC 7662. A client with a secret may ask about its own tokens; about anything else
//! the answer is `{"active":false}` and not a word more. Active means: live now, not
//! called back, and its user and client still there.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::issued::{ActiveToken, TokenKind};
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::authenticate::Standing;
use crate::oauth::inspect::{Found, FoundAccess, find};
use crate::oauth::notices;
use crate::oauth::service::{Desk, Service};
use crate::oauth::sign_in;
use crate::oauth::store::{Directory, GrantStore, Refresh};
use crate::oauth::user::{PasswordCheck, User};
use crate::token::id::Subject;

/// Answers one request to the introspection endpoint.
pub(in crate::oauth) async fn answer<S: GrantStore + Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Answer, Refused> {
    let question = desk.dialect.read_question(seat, raw)?;
    let (client, standing) = service.authenticate(desk, &question.client?, raw, now).await?;
    if standing == Standing::Public {
        return Err(Condition::ClientBad.into());
    }
    let found = find(&service.store, desk, &question.token).await?;
    let active = match found.filter(|found| *found.client() == client.id) {
        None => None,
        Some(Found::Refresh(refresh)) => live_refresh(service, desk, *refresh, now).await?,
        Some(Found::Access(access)) => live_access(service, desk, *access, now),
    };
    Ok(Answer::plain(desk.dialect.introspected(active.as_ref())))
}

/// What is told of an access token; `None` if it has ended, was called back, or its person
/// is disabled.
pub(in crate::oauth) fn live_access<S, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    access: FoundAccess,
    now: UnixTime,
) -> Option<ActiveToken> {
    let ended = access.expires.is_some_and(|end| end <= now);
    let person = person(desk, &access.subject);
    let gone = person.is_some_and(|person| person.disabled);
    if ended || gone || service.list.revoked(&access.handles, access.issued) {
        return None;
    }
    let scope = match service.list.left(&access.handles) {
        Some(left) => access.scopes.intersection(&left),
        None => access.scopes,
    };
    Some(ActiveToken {
        kind: TokenKind::Access,
        scope,
        client: access.client,
        username: person.map(|person| person.name.clone()),
        expires: access.expires,
        issued: access.issued,
        subject: access.subject,
        audience: access.audience,
        issuer: desk.issuer.url.clone(),
        id: Some(access.id),
        family: access.family,
    })
}

/// The person of the file with that subject. Those of the store are found by name
/// only; disabling one there calls his tokens back, which the list knows.
fn person<'a>(desk: Desk<'a>, subject: &Subject) -> Option<&'a Arc<User>> {
    desk.issuer.users.values().find(|user| user.subject == *subject)
}

async fn live_refresh<S: Directory, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    refresh: Refresh,
    now: UnixTime,
) -> Result<Option<ActiveToken>, Refused> {
    let family = refresh.family;
    let ended = refresh.expires.is_some_and(|end| end <= now);
    if refresh.used || refresh.revoked || ended || notices::covered(&service.list, &family) {
        return Ok(None);
    }
    let user = sign_in::find(&service.store, desk.issuer, &family.user).await?;
    let there = user.is_some_and(|user| !user.disabled && user.subject == family.subject);
    Ok(there.then(|| ActiveToken {
        kind: TokenKind::Refresh,
        scope: family.scopes,
        client: family.client,
        username: Some(family.user),
        expires: refresh.expires,
        issued: Some(family.opened),
        subject: family.subject,
        audience: Vec::new(),
        issuer: desk.issuer.url.clone(),
        id: None,
        family: Some(family.id),
    }))
}
