//! From parameters to a request, in the order that decides who may be told of an
//! error: first the client, then where it may be sent, then everything else.

use std::sync::Arc;

use crate::clock::Seconds;
use crate::oauth::authorize::error::{AuthorizeError, Dead};
use crate::oauth::authorize::request::{Back, Prompt, Request, ResponseMode, Said};
use crate::oauth::client::{Client, GrantKind, PkceRule};
use crate::oauth::form::Form;
use crate::oauth::issuer::Issuer;
use crate::oauth::people::{CodeSettings, RedirectRule};
use crate::oauth::pkce::Challenge;

/// Longest `state` and `nonce`, in bytes.
const MAX_STATE: usize = 2048;

/// Longest `login_hint`, in bytes.
const MAX_HINT: usize = 255;

/// Where the answer goes; from here on errors go there as well. A `state` or
/// `response_mode` that is wrong is taken for none, and told of later.
pub(in crate::oauth) fn back(form: &Form, client: &Client, rule: RedirectRule) -> Result<Back, Dead> {
    if form.is_twice("redirect_uri") {
        return Err(Dead::Malformed("redirect_uri is given more than once"));
    }
    let known = &client.application.redirect_uris;
    let (uri, said) = match (form.value("redirect_uri"), rule, &known[..]) {
        (Some(presented), _, _) if known.iter().any(|own| own.fits(presented)) => (presented.to_owned(), Said::Yes),
        (None, RedirectRule::Optional, [only]) => (only.as_str().to_owned(), Said::No),
        (Some(_) | None, RedirectRule::Required | RedirectRule::Optional, _) => return Err(Dead::BadRedirect),
    };
    let mode = form.value("response_mode").and_then(ResponseMode::parse).unwrap_or_default();
    let state = form.value("state").filter(|state| state.len() <= MAX_STATE).map(str::to_owned);
    Ok(Back { uri, said, mode, state })
}

/// The rest of the request.
///
/// # Errors
/// What the application is told.
pub(in crate::oauth) fn request(
    form: &Form,
    issuer: &Issuer,
    code: &CodeSettings,
    client: &Arc<Client>,
    back: Back,
) -> Result<Request, AuthorizeError> {
    let invalid = AuthorizeError::InvalidRequest;
    if form.repeats() {
        return Err(invalid("a parameter is given more than once"));
    }
    if !client.grants.contains(&GrantKind::AuthorizationCode) {
        return Err(AuthorizeError::UnauthorizedClient);
    }
    if form.value("request").is_some() {
        return Err(AuthorizeError::RequestNotSupported);
    }
    if form.value("request_uri").is_some() {
        return Err(AuthorizeError::RequestUriNotSupported);
    }
    match form.value("response_type") {
        Some("code") => {}
        Some(_) => return Err(AuthorizeError::UnsupportedResponseType),
        None => return Err(invalid("response_type is missing")),
    }
    if form.value("response_mode").is_some_and(|word| ResponseMode::parse(word).is_none()) {
        return Err(invalid("response_mode must be query or form_post"));
    }
    let short = |name, most, wrong| match form.value(name) {
        Some(value) if value.len() > most => Err(invalid(wrong)),
        value => Ok(value.map(str::to_owned)),
    };
    short("state", MAX_STATE, "state is too long")?;
    let nonce = short("nonce", MAX_STATE, "nonce is too long")?;
    let login_hint = short("login_hint", MAX_HINT, "login_hint is too long")?;
    let (text, method) = (form.value("code_challenge"), form.value("code_challenge_method"));
    let challenge = Challenge::read(text, method, code.plain).map_err(invalid)?;
    if challenge.is_none() && rule(client, code) == PkceRule::Required {
        return Err(invalid("code_challenge is missing: PKCE is required"));
    }
    let prompt = Prompt::parse(form.value("prompt").unwrap_or(""));
    let prompt = prompt.ok_or(invalid("prompt has a value that is not served, or none beside others"))?;
    let max_age = match form.value("max_age").map(str::parse::<u64>) {
        None => None,
        Some(Ok(seconds)) => Some(Seconds(seconds)),
        Some(Err(_)) => return Err(invalid("max_age is not a number of seconds")),
    };
    let separators = &issuer.dialect.reading.scope_separators[..];
    let words = |text: &str| text.split(separators).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let scope = form.value("scope").map(words);
    Ok(Request { client: client.id.clone(), back, scope, challenge, nonce, prompt, login_hint, max_age })
}

/// Whether the client has to send a challenge. One without a secret has nothing else
/// to prove itself by, so only its own setting frees it (RFC 9700 §2.1.1).
fn rule(client: &Client, code: &CodeSettings) -> PkceRule {
    let general = if client.is_confidential() { code.pkce } else { PkceRule::Required };
    client.application.pkce.unwrap_or(general)
}
