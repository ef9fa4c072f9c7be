//! The form by which an application is registered or changed. What has to be mended, and
//! a form that came too late, show it again with everything that was typed.

use http::StatusCode;

use crate::dialect::endpoint::Endpoint;
use crate::oauth::answer::Answer;
use crate::oauth::application::{Confidentiality, Draft, Flaw, Registered, Wish};
use crate::oauth::authorize::answer::page;
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::client::Client;
use crate::oauth::form::Form;
use crate::oauth::issuer::Issuer;
use crate::oauth::person::application::{noted, shown};
use crate::oauth::person::applications::{Sent, workshop};
use crate::oauth::person::guard::{Signed, after, show};
use crate::oauth::store::Store;
use crate::oauth::view::{ApplicationForm, Choice, Done, Fault, Freshness, Kind, View};
use crate::token::id::ClientId;

/// The form for a new application, and its registration.
pub(super) async fn register<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    sent: Sent<'_>,
) -> Result<Answer, Dead> {
    let issuer = visit.desk.issuer;
    let (draft, freshness) = match sent {
        None => {
            let all = issuer.catalogue.iter().map(|(scope, _)| scope.as_str().to_owned()).collect();
            (Draft { scopes: all, ..empty() }, None)
        }
        Some((form, freshness)) => (read(form), Some(freshness)),
    };
    match freshness {
        None => Ok(show(view(issuer, None, &draft, Vec::new()), Freshness::Fresh)),
        Some(Freshness::Stale) => Ok(show(view(issuer, None, &draft, Vec::new()), Freshness::Stale)),
        Some(Freshness::Fresh) => match workshop(visit, signed).register(&draft).await? {
            Wish::Done(Registered { client, secret }) => {
                let answer = shown(visit, signed, &client.id, secret, None).await?;
                Ok(noted(visit, signed, &client.id, "application_registered", answer))
            }
            Wish::Flawed(flaws) => Ok(flawed(view(issuer, None, &draft, flaws))),
            Wish::Missing => Err(Dead::NotFound),
        },
    }
}

/// The form for one that is there, and its change.
pub(super) async fn edit<S: Store, P>(
    visit: &Visit<'_, S, P>,
    signed: &Signed<'_>,
    id: &ClientId,
    sent: Sent<'_>,
) -> Result<Answer, Dead> {
    let (issuer, workshop) = (visit.desk.issuer, workshop(visit, signed));
    let kept = workshop.find(id).await?.ok_or(Dead::NotFound)?;
    let Some((form, freshness)) = sent else {
        return Ok(show(view(issuer, Some(id), &draft_of(&kept.client), Vec::new()), Freshness::Fresh));
    };
    let draft = read(form);
    if freshness == Freshness::Stale {
        return Ok(show(view(issuer, Some(id), &draft, Vec::new()), Freshness::Stale));
    }
    match workshop.edit(id, &draft).await? {
        Wish::Done(()) => {
            let answer = after(visit, Endpoint::Applications, &format!("/{id}"), Some(Done::Saved));
            Ok(noted(visit, signed, id, "application_changed", answer))
        }
        Wish::Flawed(flaws) => Ok(flawed(view(issuer, Some(id), &draft, flaws))),
        Wish::Missing => Err(Dead::NotFound),
    }
}

fn flawed(view: View) -> Answer {
    Answer { result: "invalid_form", ..page(StatusCode::UNPROCESSABLE_ENTITY, view) }
}

fn empty() -> Draft {
    Draft {
        name: String::new(),
        description: String::new(),
        redirect_uris: Vec::new(),
        scopes: Vec::new(),
        secrecy: Confidentiality::Confidential,
    }
}

fn read(form: &Form) -> Draft {
    let text = |name| form.value(name).unwrap_or("").to_owned();
    let secrecy = match form.value("kind") {
        Some("public") => Confidentiality::Public,
        Some(_) | None => Confidentiality::Confidential,
    };
    Draft {
        name: text("name"),
        description: text("description"),
        redirect_uris: text("redirect_uris").lines().map(str::to_owned).collect(),
        scopes: form.values("scope").map(str::to_owned).collect(),
        secrecy,
    }
}

fn draft_of(client: &Client) -> Draft {
    let application = &client.application;
    Draft {
        name: client.shown().to_owned(),
        description: application.description.clone().unwrap_or_default(),
        redirect_uris: application.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect(),
        scopes: client.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        secrecy: if client.is_confidential() { Confidentiality::Confidential } else { Confidentiality::Public },
    }
}

fn view(issuer: &Issuer, id: Option<&ClientId>, draft: &Draft, flaws: Vec<Flaw>) -> View {
    let choice = |(scope, text): &(crate::token::scope::Scope, String)| Choice {
        scope: scope.as_str().to_owned(),
        text: text.clone(),
        ticked: draft.scopes.iter().any(|name| name == scope.as_str()),
        fixed: false,
    };
    View::ApplicationForm(ApplicationForm {
        id: id.map(|id| id.as_str().to_owned()),
        name: draft.name.clone(),
        description: draft.description.clone(),
        redirect_uris: draft.redirect_uris.join("\n"),
        scopes: issuer.catalogue.iter().map(choice).collect(),
        kind: match draft.secrecy {
            Confidentiality::Confidential => Kind::Confidential,
            Confidentiality::Public => Kind::Public,
        },
        faults: flaws.into_iter().map(fault).collect(),
    })
}

fn fault(flaw: Flaw) -> Fault {
    match flaw {
        Flaw::Name => Fault::Name,
        Flaw::Description => Fault::Description,
        Flaw::RedirectMissing => Fault::RedirectMissing,
        Flaw::RedirectMany => Fault::RedirectMany,
        Flaw::Redirect(line, why) => Fault::Redirect(line, why),
        Flaw::Scope(_) => Fault::Scope,
        Flaw::Full => Fault::Full,
    }
}
