//! One application, for its developer: what it is, its secrets, its end. A secret that was
//! just made is on the page that answers the form, and on no other.

use crate::dialect::endpoint::Endpoint;
use crate::oauth::answer::Answer;
use crate::oauth::application::Wish;
use crate::oauth::application_store::KeptApplication;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::applications::{Sent, kind, state, words, workshop};
use crate::oauth::person::guard::{Signed, after, show};
use crate::oauth::store::Store;
use crate::oauth::view::{Application, Confirm, Done, Freshness, SecretLine, View};
use crate::token::id::ClientId;
use crate::token::secret::Secret;

/// The page of one application, and the forms on it.
pub(super) async fn answer<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    sent: Sent<'_>,
    done: Option<Done>,
) -> Result<Answer, Dead> {
    match sent {
        None => shown(visit, signed, id, None, done).await,
        Some((_, Freshness::Stale)) => {
            let kept = workshop(visit, signed).find(id).await?.ok_or(Dead::NotFound)?;
            Ok(show(view(visit, &kept, None, None), Freshness::Stale))
        }
        Some((form, Freshness::Fresh)) => act(visit, signed, id, form).await,
    }
}

/// The page with a secret that was just made, or what was just done.
pub(super) async fn shown<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    fresh: Option<Secret>,
    done: Option<Done>,
) -> Result<Answer, Dead> {
    let kept = workshop(visit, signed).find(id).await?.ok_or(Dead::NotFound)?;
    Ok(show(view(visit, &kept, fresh, done), Freshness::Fresh))
}

/// The question before an application is deleted, and its deletion.
pub(super) async fn delete<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    sent: Sent<'_>,
) -> Result<Answer, Dead> {
    let workshop = workshop(visit, signed);
    let kept = workshop.find(id).await?.ok_or(Dead::NotFound)?;
    let freshness = sent.map_or(Freshness::Fresh, |(_, freshness)| freshness);
    if sent.is_none() || freshness == Freshness::Stale {
        let (id, name) = (id.as_str().to_owned(), kept.client.shown().to_owned());
        return Ok(show(View::Confirm(Confirm::Delete { id, name }), freshness));
    }
    done(workshop.delete(id).await?)?;
    let answer = after(visit, Endpoint::Applications, "", Some(Done::Deleted));
    Ok(noted(visit, signed, id, "application_deleted", answer))
}

/// A line of the audit log about an application.
pub(super) fn noted<S, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    event: &'static str,
    mut answer: Answer,
) -> Answer {
    let event = AuditEvent::new(event, &visit.desk.issuer.name).client(id);
    answer.audit.push(event.user(signed.person.subject.as_str()));
    answer
}

async fn act<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    form: &Form,
) -> Result<Answer, Dead> {
    let workshop = workshop(visit, signed);
    let (fresh, event) = match form.value("action") {
        Some("add") => (Some(done(workshop.add_secret(id).await?)?), "secret_added"),
        Some("rotate") => (Some(done(workshop.rotate(id).await?)?), "secret_rotated"),
        Some("remove") => {
            let slot = form.value("slot").and_then(|slot| slot.parse().ok());
            let slot = slot.ok_or(Dead::Malformed("the form does not say which secret"))?;
            done(workshop.drop_secret(id, slot).await?)?;
            (None, "secret_removed")
        }
        Some(_) | None => return Err(Dead::Malformed("the form does not say what to do")),
    };
    let answer = match fresh {
        // It is on this page only, so the page cannot be another one.
        Some(secret) => shown(visit, signed, id, Some(secret), None).await?,
        None => after(visit, Endpoint::Applications, &format!("/{id}"), Some(Done::Saved)),
    };
    Ok(noted(visit, signed, id, event, answer))
}

/// What a wish without flaws came to.
fn done<T>(wish: Wish<T>) -> Result<T, Dead> {
    match wish {
        Wish::Done(value) => Ok(value),
        Wish::Flawed(_) | Wish::Missing => Err(Dead::NotFound),
    }
}

fn view<S, P>(visit: &Visit<'_, S, P>, kept: &KeptApplication, fresh: Option<Secret>, done: Option<Done>) -> View {
    let client = &kept.client;
    let secret = |(slot, made, used): &(u8, _, _)| SecretLine { slot: *slot, made: Some(*made), used: *used };
    View::Application(Application {
        id: client.id.as_str().to_owned(),
        name: client.shown().to_owned(),
        description: client.application.description.clone(),
        redirect_uris: client.application.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        scopes: words(visit, client),
        kind: kind(client),
        state: state(client),
        secrets: kept.secrets.iter().map(secret).collect(),
        fresh,
        done,
    })
}
