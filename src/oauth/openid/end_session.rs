//! RP-Initiated Logout §2: an application sends a person here to sign out. With an ID
//! token of ours for this very person it is done at once; without one he is asked on
//! the sign-out page, since anybody could have sent him. Where he goes then must be
//! registered for the client that sent him.

use serde_json::Value;

use crate::dialect::condition::Condition;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::Seat;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::authenticate;
use crate::oauth::authorize::answer::{dead, redirect, with_query};
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::endpoints::path_of;
use crate::oauth::form::Form;
use crate::oauth::openid::id_token;
use crate::oauth::person::sign_out;
use crate::oauth::store::Store;
use crate::token::id::{ClientId, Subject};
use crate::token::jws;

/// What an ID token that is given back says; its end does not matter (§4).
struct Hint {
    subject: Subject,
    client: ClientId,
}

/// Answers one request to the end-session endpoint.
pub(in crate::oauth) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, seat: &Seat, raw: &RawRequest) -> Answer {
    end(visit, seat, raw).await.unwrap_or_else(dead)
}

async fn end<S: Store, P>(visit: &Visit<'_, S, P>, seat: &Seat, raw: &RawRequest) -> Result<Answer, Dead> {
    seat.answers(raw).map_err(|condition| match condition {
        Condition::WrongMethod(methods) => Dead::WrongMethod(methods),
        _ => Dead::Malformed("this request cannot be read"),
    })?;
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    if form.repeats() {
        return Err(Dead::Malformed("a parameter is given more than once"));
    }
    let hint = match form.value("id_token_hint") {
        None => None,
        Some(token) => Some(read(visit, token).ok_or(Dead::Malformed("id_token_hint is not an ID token of ours"))?),
    };
    let named = form.value("client_id").map(ClientId::new);
    if let (Some(hint), Some(named)) = (&hint, &named)
        && hint.client != *named
    {
        return Err(Dead::Malformed("client_id is not the client of id_token_hint"));
    }
    let client = hint.as_ref().map(|hint| hint.client.clone()).or(named);
    let next = next(visit, &form, client.as_ref()).await?;
    let path = |endpoint| path_of(visit.desk.issuer, endpoint).unwrap_or_default();
    match (&visit.visitor.person, &hint) {
        (Some(person), Some(hint)) if person.subject == hint.subject => {
            let answer = redirect(visit.method, &next.unwrap_or_else(|| path(Endpoint::SignOut)));
            Ok(sign_out::end(visit, person, Some(&hint.client), answer).await?)
        }
        // Nobody is signed in: there is nothing to ask.
        (None, _) => Ok(redirect(visit.method, &next.unwrap_or_else(|| path(Endpoint::SignOut)))),
        (Some(_), _) => Ok(redirect(visit.method, &path(Endpoint::SignOut))),
    }
}

/// Where the person goes afterwards, if the application says and may.
async fn next<S: Store, P>(
    visit: &Visit<'_, S, P>,
    form: &Form,
    client: Option<&ClientId>,
) -> Result<Option<String>, Dead> {
    let Some(uri) = form.value("post_logout_redirect_uri") else { return Ok(None) };
    let client = client.ok_or(Dead::Malformed("post_logout_redirect_uri without id_token_hint or client_id"))?;
    let known = authenticate::find(&visit.service.store, visit.desk.issuer, client).await?;
    let known = known.filter(|client| !client.is_refused()).ok_or(Dead::UnknownClient)?;
    if !known.application.post_logout_redirect_uris.iter().any(|own| own == uri) {
        return Err(Dead::BadRedirect);
    }
    let state = form.value("state").map(|state| ("state", state.to_owned()));
    Ok(Some(with_query(uri, &state.into_iter().collect::<Vec<_>>())))
}

fn read<S, P>(visit: &Visit<'_, S, P>, token: &str) -> Option<Hint> {
    let opened = jws::open(visit.desk.ring, token).ok()?;
    let text = |name: &str| opened.payload.get(name).and_then(Value::as_str);
    let ours = opened.header_typ.as_deref() == Some(id_token::TYPE) && text("iss")? == visit.desk.issuer.url;
    // Its hash marks an ID token; nothing else that these keys sign has one.
    text("at_hash").filter(|_| ours)?;
    Some(Hint { subject: Subject::new(text("sub")?), client: ClientId::new(text("aud")?) })
}
