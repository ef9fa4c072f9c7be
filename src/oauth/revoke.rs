//! RFC 7009. Unknown tokens and those of other clients are answered like one that was
//! called back: the caller learns nothing, and nothing happens to them. Durable first,
//! then seen by every worker, then answered.

use http::header::AUTHORIZATION;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::issued::ActiveToken;
use crate::dialect::knobs::{Seat, Strangers};
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::inspect::{Found, find};
use crate::oauth::introspect::live_access;
use crate::oauth::issuer::{RevokeBy, RevokeScope};
use crate::oauth::notices;
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;
use crate::token::id::{ClientId, FamilyId};
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
    let found = find(&service.store, desk, &asked.token).await?;
    let Some(found) = found.filter(|found| asked.by.may_revoke(found)) else { return Ok(answer) };
    let event = AuditEvent::new("revoked", &desk.issuer.name).client(found.client());
    let (notice, event) = match &found {
        Found::Refresh(refresh) => {
            let family = &refresh.family;
            let event = event.user(family.subject.as_str()).family(family.id).detail("family");
            (notices::of_family(desk.issuer, family.id, now), event)
        }
        // What has ended needs no notice.
        Found::Access(access) if access.expires.is_some_and(|end| end <= now) => return Ok(answer),
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
    Ok(answer)
}

/// A token to be called back, and by whom.
struct Asked {
    token: Secret,
    by: By,
}

/// Who wants a token called back.
enum By {
    /// A proven client.
    Client(ClientId),
    /// Whoever bears this live token.
    Bearer(ActiveToken),
}

impl By {
    fn may_revoke(&self, found: &Found) -> bool {
        match (self, found) {
            (By::Client(id), found) => found.client() == id,
            (By::Bearer(own), Found::Access(access)) => {
                own.id.as_deref() == Some(&*access.id) || (own.family.is_some() && own.family == access.family)
            }
            (By::Bearer(own), Found::Refresh(refresh)) => own.family == Some(refresh.family.id),
        }
    }
}

/// Reads which token, and proves who asks.
async fn ask<S: GrantStore + Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    desk: Desk<'_>,
    seat: &Seat,
    raw: &RawRequest,
    now: UnixTime,
) -> Result<Asked, Refused> {
    let question = desk.dialect.read_question(seat, raw)?;
    let borne = if desk.issuer.token.revoke_by == RevokeBy::Bearer { bearer(raw) } else { None };
    let by = match borne {
        None => By::Client(service.authenticate(desk, &question.client?, raw, now).await?.0.id.clone()),
        Some(token) => {
            let own = match find(&service.store, desk, &token).await? {
                Some(Found::Access(access)) => live_access(service, desk, *access, now),
                Some(Found::Refresh(_)) | None => None,
            };
            By::Bearer(own.ok_or(Condition::ClientBad)?)
        }
    };
    Ok(Asked { token: question.token, by })
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
