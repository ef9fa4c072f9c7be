//! The sign-in page. A right password begins a session with a fresh secret, whatever the
//! browser brought, and ends the one before; then the request that waited goes on, or a
//! page of ours follows. Failures are told alike and cost alike (`oauth::sign_in`).

use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, StatusCode};

use crate::dialect::condition::Condition;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, Refused};
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorize::answer::{dead, page, with_cookies};
use crate::oauth::authorize::endpoint::{PENDING, Visit, resume, waiting};
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::guard::{FORM_TOKEN, STALE, after, from_elsewhere};
use crate::oauth::person::next::Next;
use crate::oauth::redirect::origin;
use crate::oauth::session::{MAX_AGENT, Session, SessionId, Which};
use crate::oauth::sign_in::{Attempt, sign_in};
use crate::oauth::store::Store;
use crate::oauth::user::{PasswordCheck, User};
use crate::oauth::view::{SignIn, SignInRefused, View};
use crate::oauth::visitor::{Origin, Person, Visitor, give_session, session_secret};
use crate::random::bytes;
use crate::token::id::ClientId;
use crate::token::secret::Secret;

/// What the form is for.
struct Purpose {
    /// The number of the request that waits for it.
    pending: Option<String>,
    next: Next,
    client: Option<(ClientId, String)>,
    hint: Option<String>,
    goes_to: Option<String>,
}

/// Answers one request to the sign-in page.
pub(super) async fn answer<S: Store, P: PasswordCheck>(
    visit: &Visit<'_, S, P>,
    raw: &RawRequest,
) -> Result<Answer, Dead> {
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    if raw.method != Method::POST {
        let purpose = Purpose::of(visit, &form).await?;
        if purpose.pending.is_none() && visit.visitor.person.is_some() {
            return Ok(after(visit, purpose.next.endpoint(), "", None));
        }
        let name = purpose.hint.clone().unwrap_or_default();
        return Ok(page(StatusCode::OK, purpose.view(name, None)));
    }
    if from_elsewhere(&raw.headers) {
        return Err(Dead::Forged);
    }
    let proof = visit.visitor.origin(form.value(FORM_TOKEN).unwrap_or(""));
    if proof == Origin::Unknown {
        return Err(Dead::Forged);
    }
    let purpose = Purpose::of(visit, &form).await?;
    let name = form.value("username").unwrap_or("").to_owned();
    if proof == Origin::Stale {
        let stale = page(StatusCode::FORBIDDEN, purpose.view(name, Some(SignInRefused::Stale)));
        return Ok(Answer { result: STALE, ..stale });
    }
    let password = Secret::new(form.value("password").unwrap_or("").to_owned());
    let mut event = AuditEvent::new(Attempt::EVENT, &visit.desk.issuer.name);
    if let Some((client, _)) = &purpose.client {
        event = event.client(client);
    }
    let attempt = Attempt { username: &name, password: &password, peer: raw.peer, now: visit.now, event };
    match sign_in(visit.service, visit.desk.issuer, &attempt).await {
        Ok(user) => begin(visit, raw, &purpose, &user).await,
        Err(refused) => Ok(refuse(&purpose, name, refused)),
    }
}

impl Purpose {
    async fn of<S: Store, P>(visit: &Visit<'_, S, P>, form: &Form) -> Result<Purpose, Dead> {
        let next = Next::parse(form.value("next").unwrap_or(""));
        let Some(number) = form.value(PENDING) else {
            return Ok(Purpose { pending: None, next, client: None, hint: None, goes_to: None });
        };
        let (pending, client) = waiting(visit, number).await?;
        Ok(Purpose {
            pending: Some(number.to_owned()),
            next,
            client: Some((client.id.clone(), client.shown().to_owned())),
            hint: pending.request.login_hint,
            goes_to: Some(origin(&pending.request.back.uri).to_owned()),
        })
    }

    fn view(&self, name: String, refused: Option<SignInRefused>) -> View {
        View::SignIn(SignIn {
            pending: self.pending.clone(),
            next: (self.next != Next::Account).then(|| self.next.as_str()),
            client: self.client.as_ref().map(|(_, shown)| shown.clone()),
            name,
            refused,
            goes_to: self.goes_to.clone(),
        })
    }
}

/// Shows the form again, or a page where it is of no use.
fn refuse(purpose: &Purpose, name: String, refused: Refused) -> Answer {
    let (status, why, wait) = match refused.condition {
        Condition::TooMany(wait) => (StatusCode::TOO_MANY_REQUESTS, SignInRefused::TooMany(wait.0), Some(wait)),
        Condition::Unavailable(wait) => (StatusCode::SERVICE_UNAVAILABLE, SignInRefused::Busy, Some(wait)),
        // All that is left is that name or password is wrong.
        _ => (StatusCode::FORBIDDEN, SignInRefused::Wrong, None),
    };
    let mut answer = page(status, purpose.view(name, Some(why)));
    answer.reply.headers.extend(wait.map(|wait| (RETRY_AFTER, HeaderValue::from(wait.0))));
    Answer { result: refused.condition.code(), audit: refused.audit, fault: refused.fault, ..answer }
}

/// Begins a session and goes on.
async fn begin<S: Store, P: PasswordCheck>(
    visit: &Visit<'_, S, P>,
    raw: &RawRequest,
    purpose: &Purpose,
    user: &User,
) -> Result<Answer, Dead> {
    let (issuer, store) = (visit.desk.issuer, &visit.service.store);
    let secret = session_secret(&*visit.service.random);
    let session = session(visit, raw, user, &secret);
    store.begin_session(session.clone()).await?;
    if let Some(before) = &visit.visitor.person {
        store.end_sessions(&issuer.name, &before.subject, Which::One(before.id)).await?;
    }
    let visitor = Visitor { person: Some(Person::of(&session, &secret)), ..visit.visitor.clone() };
    let visit = Visit { visitor: &visitor, ..*visit };
    let mut answer = match &purpose.pending {
        // He is signed in even if the request has ended meanwhile.
        Some(number) => resume(&visit, number).await.unwrap_or_else(dead),
        None => after(&visit, purpose.next.endpoint(), "", None),
    };
    let mut event = AuditEvent::new("signed_in", &issuer.name).user(user.subject.as_str());
    if let Some((client, _)) = &purpose.client {
        event = event.client(client);
    }
    answer.audit.insert(0, event.detail(format!("session {}", session.id)));
    Ok(with_cookies(answer, vec![give_session(&issuer.name, &secret)]))
}

fn session<S, P>(visit: &Visit<'_, S, P>, raw: &RawRequest, user: &User, secret: &Secret) -> Session {
    let (settings, now) = (&visit.people.session, visit.now);
    let agent = raw.headers.get(http::header::USER_AGENT).and_then(|line| line.to_str().ok()).unwrap_or("");
    let expires = now.after(settings.lifetime);
    Session {
        id: SessionId(bytes(&*visit.service.random)),
        digest: secret.digest(),
        issuer: visit.desk.issuer.name.clone(),
        subject: user.subject.clone(),
        user: user.name.clone(),
        began: now,
        seen: now,
        ends: settings.ends(now, expires),
        expires,
        agent: agent.chars().take(MAX_AGENT).collect(),
        address: raw.peer,
    }
}
