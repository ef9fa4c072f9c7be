//! Where a person is signed in, and signing out there. A session is named by its public
//! number, and only its owner's forms can end it.

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::guard::{Begin, Signed, after, begin, below, done, show};
use crate::oauth::person::next::Next;
use crate::oauth::session::{SessionId, Which};
use crate::oauth::store::Store;
use crate::oauth::view::{Done, Freshness, SessionLine, Sessions, View};

/// Answers one request to the sessions page.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    if !below(visit, Endpoint::Sessions, raw).is_empty() {
        return Err(Dead::NotFound);
    }
    match begin(visit, raw, Next::Sessions).await? {
        Begin::Elsewhere(answer) => Ok(*answer),
        Begin::Look(signed, query) => list(visit, &signed, done(&query), Freshness::Fresh).await,
        Begin::Act(signed, _, Freshness::Stale) => list(visit, &signed, None, Freshness::Stale).await,
        Begin::Act(signed, form, Freshness::Fresh) => end(visit, &signed, &form).await,
    }
}

async fn list<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    done: Option<Done>,
    freshness: Freshness,
) -> Result<Answer, Dead> {
    let person = signed.person;
    let found = visit.service.store.sessions_of(&visit.desk.issuer.name, &person.subject, visit.now).await?;
    let line = |session: &crate::oauth::session::Session| SessionLine {
        id: session.id.to_string(),
        agent: session.agent.clone(),
        address: session.address.to_string(),
        began: session.began,
        seen: session.seen,
        this: session.id == person.id,
    };
    let sessions = found.iter().map(line).collect();
    Ok(show(View::Sessions(Sessions { sessions, done }), freshness))
}

async fn end<S: Store, P>(visit: &Visit<'_, S, P>, signed: &Signed<'_>, form: &Form) -> Result<Answer, Dead> {
    let (issuer, person) = (&visit.desk.issuer.name, signed.person);
    let which = match (form.value("action"), form.value("session").and_then(SessionId::parse)) {
        (Some("end"), Some(id)) => Which::One(id),
        (Some("end_others"), _) => Which::Others(person.id),
        (Some(_) | None, _) => return Err(Dead::Malformed("the form does not say which session")),
    };
    let ended = visit.service.store.end_sessions(issuer, &person.subject, which).await?;
    let mut answer = after(visit, Endpoint::Sessions, "", Some(Done::Ended));
    if ended > 0 {
        let event = AuditEvent::new("sessions_ended", issuer).user(person.subject.as_str());
        answer.audit.push(event.detail(format!("{ended}")));
    }
    Ok(answer)
}
