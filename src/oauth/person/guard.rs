//! What every page asks before it does anything: is somebody signed in, and was this form
//! made for him here. Must never: let a form through that another site has sent.

use std::sync::Arc;

use http::header::HeaderName;
use http::{HeaderMap, Method, StatusCode};

use crate::dialect::endpoint::Endpoint;
use crate::dialect::wire::RawRequest;
use crate::oauth::answer::{Answer, OK};
use crate::oauth::authorize::answer::{page, redirect};
use crate::oauth::authorize::endpoint::Visit;
use crate::oauth::authorize::error::Dead;
use crate::oauth::endpoints::path_of;
use crate::oauth::form::Form;
use crate::oauth::person::next::Next;
use crate::oauth::sign_in;
use crate::oauth::store::Store;
use crate::oauth::user::User;
use crate::oauth::view::{Done, Freshness, View};
use crate::oauth::visitor::{Origin, Person};

/// The result label of a form that came too late.
pub(super) const STALE: &str = "stale_form";

/// The field of every form that proves where it came from.
pub(super) const FORM_TOKEN: &str = "form_token";

/// The query parameter by which a page is told what was just done.
const DONE: &str = "done";

/// The header by which a browser says who made it ask (Fetch Metadata).
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody who is signed in, as the issuer knows him now.
pub(super) struct Signed<'a> {
    pub person: &'a Person,
    pub user: Arc<User>,
}

/// What a page begins with.
pub(super) enum Begin<'a> {
    /// Somebody looks at it; the query.
    Look(Signed<'a>, Form),
    /// Somebody sent a form of ours; whether it is a fresh one.
    Act(Signed<'a>, Form, Freshness),
    /// Somebody has to sign in first.
    Elsewhere(Box<Answer>),
}

/// Who asks, and how.
///
/// # Errors
/// `Forged`, `SessionOver` for a form that nobody who is signed in has sent,
/// `Malformed`, `Unavailable`.
pub(super) async fn begin<'a, S: Store, P>(
    visit: &Visit<'a, S, P>,
    raw: &RawRequest,
    here: Next,
) -> Result<Begin<'a>, Dead> {
    let form = Form::read(raw).map_err(Dead::Malformed)?;
    let posted = raw.method == Method::POST;
    if posted && from_elsewhere(&raw.headers) {
        return Err(Dead::Forged);
    }
    let Some(signed) = signed(visit).await? else {
        return if posted { Err(Dead::SessionOver) } else { Ok(Begin::Elsewhere(Box::new(to_sign_in(visit, here)))) };
    };
    if !posted {
        return Ok(Begin::Look(signed, form));
    }
    match signed.person.origin(form.value(FORM_TOKEN).unwrap_or("")) {
        Origin::Ours => Ok(Begin::Act(signed, form, Freshness::Fresh)),
        Origin::Stale => Ok(Begin::Act(signed, form, Freshness::Stale)),
        Origin::Unknown => Err(Dead::Forged),
    }
}

/// Who is signed in, if he is still somebody.
pub(super) async fn signed<'a, S: Store, P>(visit: &Visit<'a, S, P>) -> Result<Option<Signed<'a>>, Dead> {
    let Some(person) = &visit.visitor.person else { return Ok(None) };
    let found = sign_in::find(&visit.service.store, visit.desk.issuer, &person.user).await?;
    let same = found.filter(|user| !user.disabled && user.subject == person.subject);
    Ok(same.map(|user| Signed { person, user }))
}

/// Whether another site made the browser send this. Browsers that do not say are judged
/// by the form's proof alone, which no other site can know.
pub(super) fn from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get_all(FETCH_SITE).iter().any(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"))
}

/// The page, as it is shown: 200, or 403 where a stale form was not acted upon.
pub(super) fn show(view: View, freshness: Freshness) -> Answer {
    let (status, result) = match freshness {
        Freshness::Fresh => (StatusCode::OK, OK),
        Freshness::Stale => (StatusCode::FORBIDDEN, STALE),
    };
    let mut answer = Answer { result, ..page(status, view) };
    if let Some(page) = &mut answer.page {
        page.freshness = freshness;
    }
    answer
}

/// Sends the browser to a page of ours, which says what was just done.
pub(super) fn after<S, P>(visit: &Visit<'_, S, P>, endpoint: Endpoint, below: &str, done: Option<Done>) -> Answer {
    let path = path_of(visit.desk.issuer, endpoint).unwrap_or_default();
    let told = done.map_or_else(String::new, |done| format!("?{DONE}={}", done.as_str()));
    redirect(visit.method, &format!("{path}{below}{told}"))
}

/// What the page shall say was just done.
pub(super) fn done(query: &Form) -> Option<Done> {
    query.value(DONE).and_then(Done::parse)
}

/// What of the request's path is below the endpoint's own.
pub(super) fn below<'r, S, P>(visit: &Visit<'_, S, P>, endpoint: Endpoint, raw: &'r RawRequest) -> &'r str {
    let own = path_of(visit.desk.issuer, endpoint).unwrap_or_default();
    raw.path.strip_prefix(&*own).unwrap_or("").trim_matches('/')
}

fn to_sign_in<S, P>(visit: &Visit<'_, S, P>, next: Next) -> Answer {
    let path = path_of(visit.desk.issuer, Endpoint::SignIn).unwrap_or_default();
    redirect(visit.method, &format!("{path}?next={}", next.as_str()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{FETCH_SITE, from_elsewhere};

    #[test]
    fn another_site_is_seen() {
        let said = |site| HeaderMap::from_iter([(FETCH_SITE, HeaderValue::from_static(site))]);
        assert!(from_elsewhere(&said("cross-site")) && from_elsewhere(&said("same-site")));
        assert!(!from_elsewhere(&said("same-origin")) && !from_elsewhere(&said("none")));
        assert!(!from_elsewhere(&HeaderMap::new()));
    }
}
