//! Signing out: the session ends in the store first, then the browser forgets its secret.
//! It takes a form, so that no picture or link can sign anybody out.

use http::{Method, StatusCode};

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::answer::{page, with_cookies};
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::guard::{FORM_TOKEN, after, from_elsewhere, show};
use crate::oauth::session::Which;
use crate::oauth::store::{Store, StoreError};
use crate::oauth::view::{Confirm, Failed, Failure, Freshness, View};
use crate::oauth::visitor::{Origin, Person, take_session};
use crate::token::id::ClientId;

/// Answers one request to the sign-out page.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    let ask = View::Confirm(Confirm::SignOut { pending: None });
    let Some(person) = &visit.visitor.person else {
        let view = View::Failure(Failure { what: Failed::SignedOut, detail: None });
        return Ok(page(StatusCode::OK, view));
    };
    if raw.method != Method::POST {
        return Ok(show(ask, Freshness::Fresh));
    }
    if from_elsewhere(&raw.headers) {
        return Err(Dead::Forged);
    }
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    match person.origin(form.value(FORM_TOKEN).unwrap_or("")) {
        Origin::Unknown => Err(Dead::Forged),
        Origin::Stale => Ok(show(ask, Freshness::Stale)),
        Origin::Ours => {
            let answer = after(visit, Endpoint::SignOut, "", None);
            Ok(end(visit, person, None, answer).await?)
        }
    }
}

/// Ends the session of this browser, which an application may have asked for; the answer
/// is what follows.
pub(in crate::oauth) async fn end<S: Store, P>(
    visit: &Visit<'_, S, P>,
    person: &Person,
    client: Option<&ClientId>,
    mut answer: Answer,
) -> Result<Answer, StoreError> {
    let issuer = &visit.desk.issuer.name;
    visit.service.store.end_sessions(issuer, &person.subject, Which::One(person.id)).await?;
    let mut event = AuditEvent::new("signed_out", issuer).user(person.subject.as_str());
    if let Some(client) = client {
        event = event.client(client);
    }
    answer.audit.push(event.detail(format!("session {}", person.id)));
    Ok(with_cookies(answer, vec![take_session(issuer)]))
}
