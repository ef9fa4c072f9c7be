//! What a person granted to applications: everything on one page, one grant on another,
//! to leave less of it or to take it back.

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::authorized::{self, Edited, edit_scopes, revoke};
use crate::oauth::form::Form;
use crate::oauth::issuer::OPENID;
use crate::oauth::person::guard::{Begin, Signed, after, begin, below, done, show};
use crate::oauth::person::next::Next;
use crate::oauth::store::Store;
use crate::oauth::view::{Authorized, Choice, Done, Freshness, Grant, GrantLine, View};
use crate::token::id::ClientId;

/// Answers one request to the pages of what was granted.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    let begun = begin(visit, raw, Next::Authorized).await?;
    match (below(visit, Endpoint::Authorized, raw), begun) {
        (_, Begin::Elsewhere(answer)) => Ok(*answer),
        ("", Begin::Look(signed, query)) => list(visit, &signed, done(&query), Freshness::Fresh).await,
        ("", Begin::Act(signed, form, freshness)) => act(visit, &signed, &form, freshness).await,
        ("edit", Begin::Look(signed, query)) => one(visit, &signed, &query, Freshness::Fresh).await,
        (_, Begin::Look(..) | Begin::Act(..)) => Err(Dead::NotFound),
    }
}

async fn list<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    done: Option<Done>,
    freshness: Freshness,
) -> Result<Answer, Dead> {
    let found = granted(visit, signed).await?;
    let issuer = visit.desk.issuer;
    let line = |grant: &authorized::Authorized| GrantLine {
        id: grant.id.as_str().to_owned(),
        name: name(grant),
        scopes: grant.consent.scopes.iter().map(|scope| issuer.words(scope).to_owned()).collect(),
        granted: grant.consent.granted,
        used: grant.consent.last_used,
    };
    let grants = found.iter().map(line).collect();
    Ok(show(View::Authorized(Authorized { grants, done }), freshness))
}

/// One grant; of a stale form, with what was left ticked in it.
async fn one<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    form: &Form,
    freshness: Freshness,
) -> Result<Answer, Dead> {
    let id = form.value("application").unwrap_or("");
    let found = granted(visit, signed).await?;
    let grant = found.iter().find(|grant| grant.id.as_str() == id).ok_or(Dead::NotFound)?;
    let choice = |scope: &crate::token::scope::Scope| Choice {
        scope: scope.as_str().to_owned(),
        text: visit.desk.issuer.words(scope).to_owned(),
        ticked: freshness == Freshness::Fresh || form.values("scope").any(|name| name == scope.as_str()),
        fixed: scope.as_str() == OPENID,
    };
    let view = View::Grant(Grant {
        id: id.to_owned(),
        name: name(grant),
        scopes: grant.consent.scopes.iter().map(choice).collect(),
        granted: grant.consent.granted,
        used: grant.consent.last_used,
    });
    Ok(show(view, freshness))
}

async fn act<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    form: &Form,
    freshness: Freshness,
) -> Result<Answer, Dead> {
    let (action, id) = (form.value("action"), form.value("application").map(ClientId::new));
    let id = id.ok_or(Dead::Malformed("the form does not say which application"))?;
    match (action, freshness) {
        (Some("save"), Freshness::Stale) => return one(visit, signed, form, freshness).await,
        (Some(_) | None, Freshness::Stale) => return list(visit, signed, None, freshness).await,
        (Some(_) | None, Freshness::Fresh) => {}
    }
    let (service, issuer, pair) = (visit.service, visit.desk.issuer, (&signed.person.subject, &id));
    let edited = match action {
        Some("take_back") => revoke(service, issuer, pair, visit.now).await?,
        Some("save") => {
            // That he signs in goes with the rest; it is not ticked, because it cannot be.
            let kept: Vec<String> = form.values("scope").chain([OPENID]).map(str::to_owned).collect();
            edit_scopes(service, issuer, pair, &kept, visit.now).await?
        }
        Some(_) | None => return Err(Dead::Malformed("the form does not say what to do")),
    };
    let (done, event) = match edited {
        Edited::Narrowed => (Done::Saved, "grant_narrowed"),
        Edited::Revoked => (Done::TakenBack, "grant_taken_back"),
        Edited::Missing => return Err(Dead::NotFound),
    };
    let mut answer = after(visit, Endpoint::Authorized, "", Some(done));
    let event = AuditEvent::new(event, &issuer.name).client(&id).user(signed.person.subject.as_str());
    answer.audit.push(event);
    Ok(answer)
}

async fn granted<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
) -> Result<Vec<authorized::Authorized>, Dead> {
    let found = authorized::list(visit.service, visit.desk.issuer, &signed.person.subject, visit.now).await;
    Ok(found?)
}

/// What people know it by; its id, if it is gone.
fn name(grant: &authorized::Authorized) -> String {
    grant.client.as_ref().map_or_else(|| grant.id.as_str().to_owned(), |client| client.shown().to_owned())
}
