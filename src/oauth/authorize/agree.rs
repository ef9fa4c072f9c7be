//! The person's answer to the consent page: a code for what he left ticked, or a no. A
//! form is believed only for a request that waits for this very browser, and only for
//! scopes that the request asked for.

use crate::oauth::answer::Answer;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::answer::{self, Outcome};
use crate::oauth::authorize::code::{CODE_PREFIX, Code};
use crate::oauth::authorize::consent;
use crate::oauth::authorize::decide::{Known, Phase, Step, decide};
use crate::oauth::authorize::endpoint::{Visit, person, refuse, resume, waiting};
use crate::oauth::authorize::error::{AuthorizeError, Dead};
use crate::oauth::authorize::pending::Pending;
use crate::oauth::authorize::request::Request;
use crate::oauth::authorize::store::Sent;
use crate::oauth::client::Client;
use crate::oauth::issuer::NothingLeft;
use crate::oauth::redirect::origin;
use crate::oauth::store::{Store, StoreError};
use crate::oauth::view;
use crate::oauth::visitor::Person;
use crate::token::scope::Scopes;
use crate::token::secret::{Secret, SecretDigest};

/// What the consent page shows, or the answer that makes it needless: somebody has to
/// sign in first, or nobody has to be asked.
#[derive(Debug)]
pub enum Question {
    /// The page.
    Page(Box<view::Consent>),
    /// Something else comes next.
    Answer(Box<Answer>),
}

/// What the person is asked about the request of that number.
///
/// # Errors
/// `Gone`, if it has ended or began in another browser; `Unavailable`.
pub async fn question<S: Store, P>(visit: &Visit<'_, S, P>, number: &str) -> Result<Question, Dead> {
    let (pending, client) = waiting(visit, number).await?;
    let Some((_, wish)) = asked(visit, &pending, &client).await? else {
        return resume(visit, number).await.map(|answer| Question::Answer(Box::new(answer)));
    };
    let issuer = visit.desk.issuer;
    let shown = view::ClientShown {
        id: client.id.as_str().to_owned(),
        name: client.shown().to_owned(),
        description: client.application.description.clone(),
        foreign: client.application.owner.is_some(),
    };
    Ok(Question::Page(Box::new(view::Consent {
        pending: number.to_owned(),
        client: shown,
        scopes: consent::lines(issuer, &wish),
        goes_to: origin(&pending.request.back.uri).to_owned(),
    })))
}

/// The person agreed, to the scopes of these names. The caller has seen that the form
/// is his.
///
/// # Errors
/// As `question`.
pub async fn agree<S: Store, P>(visit: &Visit<'_, S, P>, number: &str, ticked: &[String]) -> Result<Answer, Dead> {
    let (pending, client) = waiting(visit, number).await?;
    let Some((person, wish)) = asked(visit, &pending, &client).await? else { return resume(visit, number).await };
    let scopes = consent::ticked(&wish, ticked);
    if scopes.is_empty() && visit.desk.issuer.scope_rules.nothing_left == NothingLeft::Refuse {
        return deny(visit, number).await;
    }
    let number = Secret::new(number.to_owned());
    grant(visit, &pending.request, person, scopes, Some(number)).await.map_err(Dead::from)
}

/// The person said no.
///
/// # Errors
/// As `question`.
pub async fn deny<S: Store, P>(visit: &Visit<'_, S, P>, number: &str) -> Result<Answer, Dead> {
    let (pending, client) = waiting(visit, number).await?;
    match visit.service.store.drop_pending(SecretDigest::of(number.as_bytes())).await? {
        Sent::Done => Ok(refuse(visit, &client.id, &pending.request.back, AuthorizeError::AccessDenied)),
        Sent::Gone => Err(Dead::Gone),
    }
}

/// Who is asked about what; `None` when something else than a question comes next.
async fn asked<'a, S: Store, P>(
    visit: &Visit<'a, S, P>,
    pending: &Pending,
    client: &Client,
) -> Result<Option<(&'a Person, Scopes)>, StoreError> {
    let issuer = visit.desk.issuer;
    let Some((person, user)) = person(visit).await? else { return Ok(None) };
    let before = visit.service.store.consent(&issuer.name, &person.subject, &client.id, visit.now).await?;
    let known = Known {
        issuer,
        client,
        request: &pending.request,
        phase: Phase::Waited { stale: pending.stale },
        person: Some((person, &user)),
        before: before.as_ref(),
        now: visit.now,
    };
    match decide(&known) {
        Step::Consent(wish) => Ok(Some((person, wish))),
        Step::SignIn { .. } | Step::Grant(_) | Step::Refuse(_) => Ok(None),
    }
}

/// Sends a code for these scopes. The agreement and the code are durable before the
/// browser is told.
pub(in crate::oauth) async fn grant<S: Store, P>(
    visit: &Visit<'_, S, P>,
    request: &Request,
    person: &Person,
    scopes: Scopes,
    number: Option<Secret>,
) -> Result<Answer, StoreError> {
    let (issuer, settings, now) = (visit.desk.issuer, &visit.people.code, visit.now);
    let text = settings.makeup.mint(CODE_PREFIX, &*visit.service.random);
    let event = AuditEvent::new("code_issued", &issuer.name).client(&request.client).user(person.subject.as_str());
    let event = event.detail(scopes.to_string());
    let code = Code {
        digest: text.digest(),
        issuer: issuer.name.clone(),
        client: request.client.clone(),
        back: request.back.clone(),
        subject: person.subject.clone(),
        user: person.user.clone(),
        scopes,
        challenge: request.challenge.clone(),
        nonce: request.nonce.clone(),
        signed_in: person.signed_in,
        issued: now,
        expires: now.after(settings.lifetime),
    };
    match visit.service.store.send_code(code, number.map(|number| number.digest())).await? {
        Sent::Done => {
            let mut answer = answer::back(issuer, visit.method, &request.back, &Outcome::Code(text.expose()));
            answer.audit.push(event);
            Ok(answer)
        }
        Sent::Gone => Ok(answer::dead(Dead::Gone)),
    }
}
