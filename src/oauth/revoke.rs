//! RFC 7009. Unknown tokens and those of other clients are answered like one that was
//! called back: the caller learns nothing, and nothing happens to them. Durable first,
//! then seen by every worker, then answered.

use crate::clock::UnixTime;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::inspect::{Found, find};
use crate::oauth::issuer::RevokeScope;
use crate::oauth::notices;
use crate::oauth::service::{Desk, Service};
use crate::oauth::store::{Directory, GrantStore};
use crate::oauth::user::PasswordCheck;
use crate::token::id::FamilyId;

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
    let question = desk.dialect.read_question(seat, raw)?;
    let (client, _) = service.authenticate(desk, &question.client, raw, now).await?;
    let mut answer = Answer::plain(desk.dialect.revoked(&raw.headers));
    let found = find(&service.store, desk, &question.token).await?;
    let Some(found) = found.filter(|found| *found.client() == client.id) else { return Ok(answer) };
    let event = AuditEvent::new("revoked", &desk.issuer.name).client(&client.id);
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
