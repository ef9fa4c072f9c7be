//! The consent page. What is agreed to is read from the request that waits under the
//! form's number, never from the form, which can only leave scopes out; the form has to
//! be this session's, and the request this browser's.

use http::Method;

use crate::dialect::wire::RawRequest;
use crate::oauth::answer::Answer;
use crate::oauth::authorize::agree::{Question, agree, deny, question};
use crate::oauth::authorize::endpoint::{PENDING, Visit, resume};
use crate::oauth::authorize::error::Dead;
use crate::oauth::form::Form;
use crate::oauth::person::guard::{FORM_TOKEN, from_elsewhere, show};
use crate::oauth::store::Store;
use crate::oauth::view::{Freshness, View};
use crate::oauth::visitor::Origin;

/// Answers one request to the consent page.
pub(super) async fn answer<S: Store, P>(visit: &Visit<'_, S, P>, raw: &RawRequest) -> Result<Answer, Dead> {
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    let number = form.value(PENDING).ok_or(Dead::Gone)?;
    if raw.method != Method::POST {
        return ask(visit, number, None).await;
    }
    if from_elsewhere(&raw.headers) {
        return Err(Dead::Forged);
    }
    // Whoever is not signed in any more signs in, and is asked again.
    let Some(person) = &visit.visitor.person else { return resume(visit, number).await };
    let ticked: Vec<String> = form.values("scope").map(str::to_owned).collect();
    match person.origin(form.value(FORM_TOKEN).unwrap_or("")) {
        Origin::Unknown => Err(Dead::Forged),
        Origin::Stale => ask(visit, number, Some(&ticked)).await,
        Origin::Ours => match form.value("decision") {
            Some("allow") => agree(visit, number, &ticked).await,
            Some("deny") => deny(visit, number).await,
            Some(_) | None => Err(Dead::Malformed("the form has no decision")),
        },
    }
}

/// The page; with what was ticked, where a stale form brought it.
async fn ask<S: Store, P>(visit: &Visit<'_, S, P>, number: &str, ticked: Option<&[String]>) -> Result<Answer, Dead> {
    let mut consent = match question(visit, number).await? {
        Question::Answer(answer) => return Ok(*answer),
        Question::Page(consent) => consent,
    };
    let Some(ticked) = ticked else { return Ok(show(View::Consent(*consent), Freshness::Fresh)) };
    for choice in &mut consent.scopes {
        choice.ticked = choice.fixed || ticked.contains(&choice.scope);
    }
    Ok(show(View::Consent(*consent), Freshness::Stale))
}
