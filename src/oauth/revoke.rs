//! RFC 7009, and for old systems the end of a person's sessions by his name. Unknown
//! tokens and names, and those of other clients, are answered like one that was called
//! back: the caller learns nothing, and nothing happens to them. Durable first, then
//! seen by every worker, then answered.

use http::header::AUTHORIZATION;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::issued::ActiveToken;
use crate::dialect::knobs::{Seat, Strangers};
use crate::dialect::request::Revoked;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::inspect::{Found, find};
use crate::oauth::introspect::live_access;
use crate::oauth::issuer::{RevokeBy, RevokeScope};
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;
use crate::oauth::{notices, sign_in};
use crate::token::handle::Handle;
use crate::token::id::{ClientId, FamilyId, UserName};
use crate::token::secret::Secret;

/// Why the store shall say a notice was made.
const REASON: &str = "client";

/// Answers one request to the revocation endpoint.
pub(in crate::oauth) async fn answer<S: GrantStore + Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Answer, Refused> {
    let mut answer = Answer::plain(desk.dialect.revoked(&raw.headers));
    let asked = match ask(service, desk, seat, raw, now).await {
        Err(refused) if seat.strangers == Strangers::Answered && is_about_the_asker(&refused.condition) => {
            return Ok(Answer { audit: refused.audit, ..answer });
        }
        asked => asked?,
    };
    match &asked.what {
        Revoked::Token(token) => one_token(service, desk, (token, &asked.by), now, &mut answer).await?,
        Revoked::Sessions(name) => sessions(service, desk, (name, &asked.by), now, &mut answer).await?,
    }
    Ok(answer)
}

/// Calls back one token, or its family.
async fn one_token<S: GrantStore, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    (token, by): (&Secret, &By),
    now: UnixTime,
    answer: &mut Answer,
) -> Result<(), Refused> {
    let found = find(&service.store, desk, token).await?;
    let Some(found) = found.filter(|found| by.may_revoke(found)) else { return Ok(()) };
    let event = AuditEvent::new("revoked", &desk.issuer.name).client(found.client());
    let (notice, event) = match &found {
        Found::Refresh(refresh) => {
            let family = &refresh.family;
            let event = event.user(family.subject.as_str()).family(family.id).detail("family");
            (notices::of_family(desk.issuer, family.id, now), event)
        }
        // What has ended needs no notice.
        Found::Access(access) if access.expires.is_some_and(|end| end <= now) => return Ok(()),
        Found::Access(access) if desk.issuer.token.revoke == RevokeScope::Family && access.family.is_some() => {
            let family = access.family.unwrap_or(FamilyId([0; 16]));
            (notices::of_family(desk.issuer, family, now), event.user(access.subject.as_str()).detail("family"))
        }
        Found::Access(access) => {
            let notice = notices::of_token(desk.issuer, access.handles.token, access.expires, now);
            (notice, event.user(access.subject.as_str()).detail("token"))
        }
    };
    service.store.revoke(vec![notice.clone()], REASON).await?;
    service.list.add(&notice);
    answer.audit.push(event);
    Ok(())
}

/// Ends the sessions of a person with the client that asks. Whoever asks as a bearer can
/// mean only himself, and his own token ends with them. Of a name that nobody has, or of
/// somebody else, nothing is said.
async fn sessions<S: GrantStore + Directory, P>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    (name, by): (&UserName, &By),
    now: UnixTime,
    answer: &mut Answer,
) -> Result<(), Refused> {
    let Some(user) = sign_in::find(&service.store, desk.issuer, name).await? else { return Ok(()) };
    let client = match by {
        By::Client(id) => id,
        By::Bearer(own, _) if own.subject == user.subject => &own.client,
        By::Bearer(..) => return Ok(()),
    };
    let until = notices::last_end(desk.issuer, now);
    let mut ended = service.store.revoke_sessions(&desk.issuer.name, &user.subject, client, until).await?;
    if let By::Bearer(own, handle) = by {
        let notice = notices::of_token(desk.issuer, *handle, own.expires, now);
        service.store.revoke(vec![notice.clone()], REASON).await?;
        ended.push(notice);
    }
    for notice in &ended {
        service.list.add(notice);
    }
    if !ended.is_empty() {
        let event = AuditEvent::new("revoked", &desk.issuer.name).client(client);
        answer.audit.push(event.user(user.subject.as_str()).detail("sessions"));
    }
    Ok(())
}

/// What is to be called back, and by whom.
struct Asked {
    what: Revoked,
    by: By,
}

/// Who wants a token called back.
enum By {
    /// A proven client.
    Client(ClientId),
    /// Whoever bears this live token, with the handle that names it.
    Bearer(ActiveToken, Handle),
}

impl By {
    fn may_revoke(&self, found: &Found) -> bool {
        match (self, found) {
            (By::Client(id), found) => found.client() == id,
            (By::Bearer(own, _), Found::Access(access)) => {
                own.id.as_deref() == Some(&*access.id) || (own.family.is_some() && own.family == access.family)
            }
            (By::Bearer(own, _), Found::Refresh(refresh)) => own.family == Some(refresh.family.id),
        }
    }
}

/// Reads what is to be called back, and proves who asks.
async fn ask<S: GrantStore + Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Asked, Refused> {
    let question = desk.dialect.read_revocation(seat, raw)?;
    let borne = if desk.issuer.token.revoke_by == RevokeBy::Bearer { bearer(raw) } else { None };
    let by = match borne {
        None => By::Client(service.authenticate(desk, &question.client?, raw, now).await?.0.id.clone()),
        Some(token) => {
            let own = match find(&service.store, desk, &token).await? {
                Some(Found::Access(access)) => {
                    let handle = access.handles.token;
                    live_access(service, desk, *access, now).map(|own| By::Bearer(own, handle))
                }
                Some(Found::Refresh(_)) | None => None,
            };
            own.ok_or(Condition::ClientBad)?
        }
    };
    Ok(Asked { what: question.what, by })
}

/// The token of the only `Authorization: Bearer`.
fn bearer(raw: &RawRequest) -> Option<Secret> {
    let mut lines = raw.headers.get_all(AUTHORIZATION).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let (scheme, token) = line.to_str().ok()?.split_once(' ')?;
    let token = Some(token.trim()).filter(|token| scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty());
    token.map(|token| Secret::new(token.to_owned()))
}

/// Whether a refusal is about who asks, or about asking for nothing.
fn is_about_the_asker(condition: &Condition) -> bool {
    matches!(
        condition,
        Condition::ClientMissing
            | Condition::ClientBad
            | Condition::ClientSecretMissing
            | Condition::ClientConflict
            | Condition::MissingParameter(_)
    )
}
