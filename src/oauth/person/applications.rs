//! The pages of developers, by what stands below their path: the list, a form for a new
//! application, one application, and those that wait for an administrator.

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::application::{MOST_OWN, Workshop};
use crate::oauth::application_store::KeptApplication;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::client::{Approval, Client};
use crate::oauth::form::Form;
use crate::oauth::person::guard::{Begin, Signed, begin, below, done, show};
use crate::oauth::person::next::Next;
use crate::oauth::person::role::Role;
use crate::oauth::person::{application, application_form, waiting};
use crate::oauth::store::Store;
use crate::oauth::view::{Applications, Done, Freshness, Kind, Line, State, View};
use crate::token::id::ClientId;

/// A form that was sent, and whether it may be acted upon; `None`: somebody looks.
pub(super) type Sent<'a> = Option<(&'a Form, Freshness)>;

/// Answers one request to a page of developers.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    let (signed, form, sent) = match begin(visit, raw, Next::Applications).await? {
        Begin::Elsewhere(answer) => return Ok(*answer),
        Begin::Look(signed, query) => (signed, query, None),
        Begin::Act(signed, form, freshness) => (signed, form, Some(freshness)),
    };
    let sent: Sent<'_> = sent.map(|freshness| (&form, freshness));
    let role = Role::of(&signed.user, &visit.people.applications);
    if role == Role::User {
        return Err(Dead::Forbidden);
    }
    match (below(visit, Endpoint::Applications, raw).split_once('/'), below(visit, Endpoint::Applications, raw)) {
        (None, "") => list(visit, &signed, sent, done(&form)).await,
        (None, "new") => application_form::register(visit, &signed, sent).await,
        (None, "waiting") if role == Role::Admin => waiting::answer(visit, &signed, sent, done(&form)).await,
        (None, "waiting") => Err(Dead::Forbidden),
        (None, id) => application::answer(visit, &signed, &ClientId::new(id), sent, done(&form)).await,
        (Some((id, "edit")), _) => application_form::edit(visit, &signed, &ClientId::new(id), sent).await,
        (Some((id, "delete")), _) => application::delete(visit, &signed, &ClientId::new(id), sent).await,
        (Some(_), _) => Err(Dead::NotFound),
    }
}

/// Where a developer's applications are made and changed.
pub(super) fn workshop<'a, S, P>(visit: &Visit<'a, S, P>, signed: &'a Signed<'_>) -> Workshop<'a, S, P> {
    Workshop { service: visit.service, issuer: visit.desk.issuer, owner: &signed.person.subject, now: visit.now }
}

/// Whether an application works.
pub(super) fn state(client: &Client) -> State {
    match (client.disabled, client.application.approval) {
        (true, _) => State::Disabled,
        (false, Approval::Waiting) => State::Waiting,
        (false, Approval::Approved) => State::Live,
    }
}

/// Whether it has secrets.
pub(super) fn kind(client: &Client) -> Kind {
    if client.is_confidential() { Kind::Confidential } else { Kind::Public }
}

/// What it may ask for, in the catalogue's words.
pub(super) fn words<S, P>(visit: &Visit<'_, S, P>, client: &Client) -> Vec<String> {
    client.scopes.iter().map(|scope| visit.desk.issuer.words(scope).to_owned()).collect()
}

async fn list<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    sent: Sent<'_>,
    done: Option<Done>,
) -> Result<Answer, Dead> {
    if sent.is_some() {
        return Err(Dead::Malformed("this page has no form"));
    }
    let kept = workshop(visit, signed).list().await?;
    let line = |kept: &KeptApplication| Line {
        id: kept.client.id.as_str().to_owned(),
        name: kept.client.shown().to_owned(),
        state: state(&kept.client),
    };
    let own: Vec<Line> = kept.iter().map(line).collect();
    let full = own.len() >= MOST_OWN;
    Ok(show(View::Applications(Applications { own, full, done }), Freshness::Fresh))
}
