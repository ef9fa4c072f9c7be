//! One request of a browser: who visits, which page answers, what stands around it. Every
//! failure becomes a page, since a person reads it.

use crate::clock::{Seconds, UnixTime};
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::authorize;
use crate::oauth::authorize::answer::{dead, with_cookies};
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::issuer::Issuer;
use crate::oauth::openid::end_session;
use crate::oauth::person::{account, applications, authorized, consent, frame, sessions, sign_in, sign_out};
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::Store;
use crate::oauth::user::PasswordCheck;
use crate::oauth::visitor;

/// Answers one request to a page, or to the authorization endpoint.
pub(in crate::oauth) async fn answer<S: Store, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Answer {
    let Some(people) = &desk.issuer.people else { return dead(Dead::NotFound) };
    let visitor = visitor::of(&service.store, (desk.issuer, people), raw, (&*service.random, now)).await;
    let visitor = match visitor {
        Ok(visitor) => visitor,
        Err(error) => return framed(desk.issuer, dead(Dead::from(error))),
    };
    let visit = Visit { service, desk, people, visitor: &visitor, method: &raw.method, now };
    let mut answer = match seat.endpoint {
        // These tell the audit log of their own failures.
        Endpoint::Authorize => authorize::endpoint::answer(&visit, seat, raw).await,
        Endpoint::EndSession => end_session::answer(&visit, seat, raw).await,
        endpoint => page(&visit, endpoint, seat, raw).await.unwrap_or_else(dead),
    };
    if let Some(page) = &mut answer.page {
        page.frame = frame::frame(desk.issuer, &visitor, &page.view);
    }
    with_cookies(answer, visitor.cookies)
}

/// The page for an address that asks too often; nobody looks whose it is.
pub(in crate::oauth) fn too_many(issuer: &Issuer, wait: Seconds) -> Answer {
    framed(issuer, dead(Dead::TooMany(wait)))
}

async fn page<S: Store, P: PasswordCheck>(
    visit: &Visit<'_, S, P>,
    endpoint: Endpoint,
    seat: &Seat,
    raw: &RawRequest,
) -> Result<Answer, Dead> {
    seat.answers(raw).map_err(|condition| match condition {
        Condition::WrongMethod(methods) => Dead::WrongMethod(methods),
        _ => Dead::Malformed("this request cannot be read"),
    })?;
    match endpoint {
        Endpoint::Account => account::answer(visit, raw).await,
        Endpoint::SignIn => sign_in::answer(visit, raw).await,
        Endpoint::SignOut => sign_out::answer(visit, raw).await,
        Endpoint::Consent => consent::answer(visit, raw).await,
        Endpoint::Sessions => sessions::answer(visit, raw).await,
        Endpoint::Applications => applications::answer(visit, raw).await,
        Endpoint::Authorized => authorized::answer(visit, raw).await,
        Endpoint::Token
        | Endpoint::Revoke
        | Endpoint::Introspect
        | Endpoint::Jwks
        | Endpoint::Metadata
        | Endpoint::Info
        | Endpoint::Authorize
        | Endpoint::UserInfo
        | Endpoint::OpenidConfiguration
        | Endpoint::EndSession
        | Endpoint::Register
        | Endpoint::RegisteredClient
        | Endpoint::Assets => Err(Dead::NotFound),
    }
}

fn framed(issuer: &Issuer, mut answer: Answer) -> Answer {
    if let Some(page) = &mut answer.page {
        page.frame = frame::bare(issuer);
    }
    answer
}
