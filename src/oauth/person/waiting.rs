//! Applications that wait for an administrator: what they are, and his word. Who may come
//! here was asked before.

use crate::dialect::endpoint::Endpoint;
use crate::oauth::answer::Answer;
use crate::oauth::application::{Wish, approve, turn_down, waiting};
use crate::oauth::application_store::KeptApplication;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::application::noted;
use crate::oauth::person::applications::{Sent, kind, words};
use crate::oauth::person::guard::{Signed, after, show};
use crate::oauth::store::{Store, StoreError};
use crate::oauth::view::{Done, Freshness, View, Waiting, WaitingLine};
use crate::token::id::{ClientId, Subject};

/// The page of those that wait, for an administrator.
pub(super) async fn answer<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    sent: Sent<'_>,
    done: Option<Done>,
) -> Result<Answer, Dead> {
    if let Some((form, Freshness::Fresh)) = sent {
        return decide(visit, signed, form).await;
    }
    let kept = waiting(visit.service, visit.desk.issuer).await?;
    let mut owners = Vec::new();
    for kept in &kept {
        owners.push(match &kept.client.application.owner {
            Some(owner) => Some(name_of(visit, owner).await?),
            None => None,
        });
    }
    let line = |(kept, owner): (&KeptApplication, Option<String>)| {
        let (client, application) = (&kept.client, &kept.client.application);
        WaitingLine {
            id: client.id.as_str().to_owned(),
            name: client.shown().to_owned(),
            description: application.description.clone(),
            owner,
            redirect_uris: application.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
            scopes: words(visit, client),
            kind: kind(client),
        }
    };
    let applications = kept.iter().zip(owners).map(line).collect();
    let freshness = sent.map_or(Freshness::Fresh, |(_, freshness)| freshness);
    Ok(show(View::Waiting(Waiting { applications, done }), freshness))
}

/// The name a person signs in with; what tokens call him, if he is gone.
async fn name_of<S: Store, P>(visit: &Visit<'_, S, P>, subject: &Subject) -> Result<String, StoreError> {
    let issuer = visit.desk.issuer;
    if let Some(user) = issuer.users.values().find(|user| user.subject == *subject) {
        return Ok(user.name.as_str().to_owned());
    }
    let found = visit.service.store.subject(&issuer.name, subject).await?;
    Ok(found.map_or_else(|| subject.as_str().to_owned(), |user| user.name.as_str().to_owned()))
}

async fn decide<S: Store, P>(visit: &Visit<'_, S, P>, signed: &Signed<'_>, form: &Form) -> Result<Answer, Dead> {
    let (service, issuer, now) = (visit.service, visit.desk.issuer, visit.now);
    let id = form.value("application").map(ClientId::new);
    let id = id.ok_or(Dead::Malformed("the form does not say which application"))?;
    let (wish, done, event) = match form.value("decision") {
        Some("approve") => (approve(service, issuer, &id, now).await?, Done::Approved, "application_approved"),
        Some("turn_down") => (turn_down(service, issuer, &id, now).await?, Done::TurnedDown, "application_turned_down"),
        Some(_) | None => return Err(Dead::Malformed("the form has no decision")),
    };
    match wish {
        Wish::Done(()) => {
            let answer = after(visit, Endpoint::Applications, "/waiting", Some(done));
            Ok(noted(visit, signed, &id, event, answer))
        }
        Wish::Flawed(_) | Wish::Missing => Err(Dead::NotFound),
    }
}
