//! What a person is asked, and whether he has to be. An application that says no
//! scopes gets those of last time, as long as a token of it can still be used, else
//! the default ones; one that asks for more than last time always asks.

use crate::oauth::authorize::error::AuthorizeError;
use crate::oauth::authorize::request::Request;
use crate::oauth::authorize::store::Consent;
use crate::oauth::client::{Client, ConsentRule};
use crate::oauth::grants::scope;
use crate::oauth::issuer::{Issuer, OPENID};
use crate::oauth::redirect::{Kind, RedirectUri};
use crate::oauth::user::User;
use crate::oauth::view::Choice;
use crate::token::scope::{Scope, Scopes};

/// The scopes that are asked of a person: what the request means, without what he may
/// not pass on, and without what another asked scope holds.
///
/// # Errors
/// `InvalidScope`, for a wish the client may not have whoever signs in; `AccessDenied`,
/// when this person may pass on none of it.
pub(in crate::oauth) fn wish(
    issuer: &Issuer,
    client: &Client,
    request: &Request,
    user: Option<&User>,
) -> Result<Scopes, AuthorizeError> {
    let most = scope::ceiling(issuer, client, None);
    let asked = scope::choose(issuer, request.scope.as_deref(), issuer.default_scopes.as_ref(), &most);
    let asked = asked.map_err(|_| AuthorizeError::InvalidScope)?;
    let Some(user) = user else { return Ok(asked) };
    let his = scope::ceiling(issuer, client, Some(user));
    let rules = &issuer.scope_rules;
    let left: Scopes = asked.iter().filter(|scope| his.iter().any(|held| rules.holds(held, scope))).cloned().collect();
    if left.is_empty() && !asked.is_empty() { Err(AuthorizeError::AccessDenied) } else { Ok(left) }
}

/// What can be granted without asking; `None`: the person has to be asked.
pub(in crate::oauth) fn remembered(
    issuer: &Issuer,
    client: &Client,
    request: &Request,
    wish: &Scopes,
    before: Option<&Consent>,
) -> Option<Scopes> {
    if request.prompt.consent {
        return None;
    }
    if client.application.consent == ConsentRule::Skip {
        return Some(wish.clone());
    }
    let before = before.filter(|before| before.live && is_who_it_says(client, &request.back.uri))?;
    let rules = &issuer.scope_rules;
    let most = scope::ceiling(issuer, client, None);
    let may = |scope: &&Scope| most.iter().any(|held| rules.holds(held, scope));
    if request.scope.is_none() {
        return Some(before.scopes.iter().filter(may).cloned().collect());
    }
    let known = |scope: &Scope| before.scopes.iter().any(|held| rules.holds(held, scope));
    wish.iter().all(known).then(|| wish.clone())
}

/// Whether an answer can only reach the application that was agreed to: one without a
/// secret, at an address or scheme that another program could take, cannot be told from
/// that program (RFC 8252 §8.6).
fn is_who_it_says(client: &Client, uri: &str) -> bool {
    let https = || RedirectUri::parse(uri).is_ok_and(|uri| uri.kind() == Kind::Https);
    client.is_confidential() || https()
}

/// The lines of the page, all of them ticked.
pub(in crate::oauth) fn lines(issuer: &Issuer, wish: &Scopes) -> Vec<Choice> {
    let line = |scope: &Scope| Choice {
        scope: scope.as_str().to_owned(),
        text: issuer.words(scope).to_owned(),
        ticked: true,
        fixed: scope.as_str() == OPENID,
    };
    wish.iter().map(line).collect()
}

/// What a person granted: of what was asked, what he left ticked.
pub(in crate::oauth) fn ticked(wish: &Scopes, ticked: &[String]) -> Scopes {
    let stays = |scope: &&Scope| scope.as_str() == OPENID || ticked.iter().any(|name| *name == *scope.as_str());
    wish.iter().filter(stays).cloned().collect()
}
