//! `/authorize` itself: reads, decides, and keeps what has to wait for a person. What
//! comes after a page comes back through `resume`, which decides again.

use std::sync::Arc;

use http::Method;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authenticate;
use crate::oauth::authorize::agree::grant;
use crate::oauth::authorize::answer::{self, Outcome};
use crate::oauth::authorize::decide::{Known, Phase, Step, decide};
use crate::oauth::authorize::error::{AuthorizeError, Dead};
use crate::oauth::authorize::pending::Pending;
use crate::oauth::authorize::read;
use crate::oauth::authorize::request::{Back, Request};
use crate::oauth::client::Client;
use crate::oauth::endpoints::path_of;
use crate::oauth::form::Form;
use crate::oauth::people::People;
use crate::oauth::service::{Desk, Service};
use crate::oauth::sign_in;
use crate::oauth::store::{Store, StoreError};
use crate::oauth::user::User;
use crate::oauth::visitor::{Person, Visitor};
use crate::token::id::ClientId;
use crate::token::secret::{Secret, SecretDigest};

/// The query parameter that carries a pending request's number to a page.
pub const PENDING: &str = "request";

/// One browser's visit to an issuer that people sign in to.
pub struct Visit<'a, S, P> {
    /// What all issuers share.
    pub service: &'a Service<S, P>,
    /// The issuer that is visited.
    pub desk: Desk<'a>,
    /// What it says about people.
    pub people: &'a People,
    /// Who visits.
    pub visitor: &'a Visitor,
    /// How the browser came.
    pub method: &'a Method,
    /// The present moment.
    pub now: UnixTime,
}

/// Answers one request to the authorization endpoint.
pub(in crate::oauth) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, seat: &Seat, raw: &RawRequest) -> Answer {
    match begin(visit, seat, raw).await {
        Ok(answer) => answer,
        Err(dead) => {
            let event = AuditEvent::new("authorization_refused", &visit.desk.issuer.name);
            let mut answer = answer::dead(dead);
            answer.audit.push(event.detail(answer.result));
            answer
        }
    }
}

async fn begin<S: Store, P>(visit: &Visit<'_, S, P>, seat: &Seat, raw: &RawRequest) -> Result<Answer, Dead> {
    seat.answers(raw).map_err(|condition| match condition {
        Condition::WrongMethod(methods) => Dead::WrongMethod(methods),
        _ => Dead::Malformed("this request cannot be read"),
    })?;
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    if form.is_twice("client_id") {
        return Err(Dead::Malformed("client_id is given more than once"));
    }
    let id = ClientId::new(form.value("client_id").ok_or(Dead::UnknownClient)?);
    let client = client(visit, &id).await?;
    let (issuer, code) = (visit.desk.issuer, &visit.people.code);
    let back = read::back(&form, &client, code.redirect_uri)?;
    let request = match read::request(&form, issuer, code, &client, back.clone()) {
        Ok(request) => request,
        Err(error) => return Ok(refuse(visit, &id, &back, error)),
    };
    step(visit, &client, request, Phase::Fresh, None).await.map_err(Dead::from)
}

/// Goes on with a request that waited for a page, with whoever has signed in by now.
///
/// # Errors
/// `Gone`, if it has ended or began in another browser; `Unavailable`.
pub async fn resume<S: Store, P>(visit: &Visit<'_, S, P>, number: &str) -> Result<Answer, Dead> {
    let (pending, client) = waiting(visit, number).await?;
    let phase = Phase::Waited { stale: pending.stale };
    step(visit, &client, pending.request, phase, Some(Secret::new(number.to_owned()))).await.map_err(Dead::from)
}

/// The request of that number, if it waits for this very browser, with its client.
///
/// # Errors
/// As `resume`.
pub async fn waiting<S: Store, P>(visit: &Visit<'_, S, P>, number: &str) -> Result<(Pending, Arc<Client>), Dead> {
    let number = SecretDigest::of(number.as_bytes());
    let found = visit.service.store.find_pending(number, visit.now).await?;
    let ours = |pending: &Pending| pending.issuer == visit.desk.issuer.name && pending.browser == visit.visitor.browser;
    let pending = found.filter(ours).ok_or(Dead::Gone)?;
    let client = client(visit, &pending.request.client).await?;
    // What was registered may have changed while the person was asked.
    if !client.application.redirect_uris.iter().any(|own| own.fits(&pending.request.back.uri)) {
        return Err(Dead::BadRedirect);
    }
    Ok((pending, client))
}

async fn client<S: Store, P>(visit: &Visit<'_, S, P>, id: &ClientId) -> Result<Arc<Client>, Dead> {
    let found = authenticate::find(&visit.service.store, visit.desk.issuer, id).await?;
    found.filter(|client| !client.is_refused()).ok_or(Dead::UnknownClient)
}

/// The person with what the issuer knows of him now; nobody, if he is gone or disabled.
pub(in crate::oauth) async fn person<'a, S: Store, P>(
    visit: &Visit<'a, S, P>,
) -> Result<Option<(&'a Person, Arc<User>)>, StoreError> {
    let Some(person) = &visit.visitor.person else { return Ok(None) };
    let user = sign_in::find(&visit.service.store, visit.desk.issuer, &person.user).await?;
    let same = user.filter(|user| !user.disabled && user.subject == person.subject);
    Ok(same.map(|user| (person, user)))
}

async fn step<S: Store, P>(
    visit: &Visit<'_, S, P>,
    client: &Arc<Client>,
    request: Request,
    phase: Phase,
    number: Option<Secret>,
) -> Result<Answer, StoreError> {
    let issuer = visit.desk.issuer;
    let person = person(visit).await?;
    let before = match &person {
        Some((person, _)) => visit.service.store.consent(&issuer.name, &person.subject, &client.id, visit.now).await?,
        None => None,
    };
    let known = Known {
        issuer,
        client,
        request: &request,
        phase,
        person: person.as_ref().map(|(person, user)| (*person, &**user)),
        before: before.as_ref(),
        now: visit.now,
    };
    match (decide(&known), person) {
        (Step::Refuse(error), _) => {
            if let Some(number) = number {
                visit.service.store.drop_pending(number.digest()).await?;
            }
            Ok(refuse(visit, &client.id, &request.back, error))
        }
        (Step::Grant(scopes), Some((person, _))) => grant(visit, &request, person, scopes, number).await,
        (Step::SignIn { stale }, _) => wait(visit, Endpoint::SignIn, request, stale, number).await,
        (Step::Consent(_), Some(_)) => wait(visit, Endpoint::Consent, request, None, number).await,
        // Nobody grants or consents but a person.
        (Step::Grant(_) | Step::Consent(_), None) => {
            Ok(refuse(visit, &client.id, &request.back, AuthorizeError::ServerError))
        }
    }
}

/// Keeps the request, unless it is kept already, and sends the browser to a page.
async fn wait<S: Store, P>(
    visit: &Visit<'_, S, P>,
    page: Endpoint,
    request: Request,
    stale: Option<SecretDigest>,
    number: Option<Secret>,
) -> Result<Answer, StoreError> {
    let issuer = visit.desk.issuer;
    let number = match number {
        Some(number) => number,
        None => {
            let chance = (&*visit.service.random, visit.now);
            let (pending, number) = Pending::begin(&issuer.name, visit.visitor.browser, request, stale, chance);
            visit.service.store.keep_pending(pending).await?;
            number
        }
    };
    let path = path_of(issuer, page).unwrap_or_default();
    Ok(answer::redirect(visit.method, &format!("{path}?{PENDING}={}", number.expose())))
}

/// Tells the application.
pub(in crate::oauth) fn refuse<S, P>(
    visit: &Visit<'_, S, P>,
    client: &ClientId,
    back: &Back,
    error: AuthorizeError,
) -> Answer {
    let event = AuditEvent::new("authorization_refused", &visit.desk.issuer.name).client(client);
    let mut answer = answer::back(visit.desk.issuer, visit.method, back, &Outcome::Error(error));
    answer.audit.push(event.detail(error.code()));
    answer
}
