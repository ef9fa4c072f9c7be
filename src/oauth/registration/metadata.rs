//! Client metadata (RFC 7591 §2), read within the operator's policy. What is not
//! understood is left out, as the RFC asks; what is understood and cannot be kept is
//! refused, so that no client believes it has what it has not.

use serde_json::{Map, Value};

use crate::oauth::application::{Confidentiality, Flaw, MAX_NAME, redirect_uris};
use crate::oauth::client::{Application, GrantKind};
use crate::oauth::issuer::Issuer;
use crate::oauth::people::Registration;
use crate::oauth::redirect::{RedirectUri, host};
use crate::oauth::registration::fault::RegistrationFault;
use crate::token::scope::Scopes;

/// Most texts of one list.
const MAX_LIST: usize = 32;

/// Members that would have to be fetched, or that change who a client is.
const REFUSED: [&str; 4] = ["jwks_uri", "jwks", "software_statement", "sector_identifier_uri"];

/// What a client says about itself.
#[derive(Clone, Debug)]
pub(in crate::oauth) struct Metadata {
    pub(in crate::oauth) name: Option<String>,
    pub(in crate::oauth) application: Application,
    pub(in crate::oauth) grants: Vec<GrantKind>,
    pub(in crate::oauth) scopes: Scopes,
    pub(in crate::oauth) secrecy: Confidentiality,
}

/// Reads it.
///
/// # Errors
/// The first thing that cannot be kept.
pub(in crate::oauth) fn read(
    members: &Map<String, Value>,
    issuer: &Issuer,
    policy: &Registration,
) -> Result<Metadata, RegistrationFault> {
    let wrong = RegistrationFault::Metadata;
    if REFUSED.iter().any(|name| members.contains_key(*name)) {
        return Err(wrong("keys, statements and documents of a client are not read here"));
    }
    let secrecy = match text(members, "token_endpoint_auth_method")? {
        None | Some("client_secret_basic" | "client_secret_post") => Confidentiality::Confidential,
        Some("none") => Confidentiality::Public,
        Some(_) => return Err(wrong("token_endpoint_auth_method is not one that is served")),
    };
    let grants = grants(members, policy, secrecy)?;
    let sends = grants.contains(&GrantKind::AuthorizationCode);
    let types = list(members, "response_types")?;
    if types.is_some_and(|types| types.iter().any(|word| *word != "code")) {
        return Err(wrong("response_types other than code are not served"));
    }
    let uris = redirects(list(members, "redirect_uris")?, policy)?;
    if sends && uris.is_empty() {
        return Err(RegistrationFault::Redirect("redirect_uris is missing"));
    }
    let after = redirects(list(members, "post_logout_redirect_uris")?, policy)?;
    let name = text(members, "client_name")?.map(str::trim).filter(|name| !name.is_empty());
    if name.is_some_and(|name| name.chars().count() > MAX_NAME || name.chars().any(char::is_control)) {
        return Err(wrong("client_name is too long, or has control characters"));
    }
    let scopes = match text(members, "scope")? {
        None => policy.scopes.clone(),
        Some(words) => {
            let asked = Scopes::parse(words).ok_or(wrong("scope is malformed"))?;
            let offered = issuer.catalogue.iter().map(|(scope, _)| scope.clone()).collect::<Scopes>();
            if !policy.scopes.covers(&asked) || !offered.covers(&asked) {
                return Err(wrong("scope names something that clients may not register here"));
            }
            asked
        }
    };
    let application = Application {
        redirect_uris: uris,
        post_logout_redirect_uris: after.iter().map(|uri| uri.as_str().to_owned()).collect(),
        ..Application::default()
    };
    Ok(Metadata { name: name.map(str::to_owned), application, grants, scopes, secrecy })
}

fn grants(
    members: &Map<String, Value>,
    policy: &Registration,
    secrecy: Confidentiality,
) -> Result<Vec<GrantKind>, RegistrationFault> {
    let wrong = RegistrationFault::Metadata;
    let Some(words) = list(members, "grant_types")? else {
        // RFC 7591 §2: what is left out is authorization_code; refresh tokens as allowed.
        let usual = [GrantKind::AuthorizationCode, GrantKind::RefreshToken];
        return Ok(usual.into_iter().filter(|grant| policy.grants.contains(grant)).collect());
    };
    let mut out = Vec::new();
    for word in words {
        match GrantKind::parse(word).filter(|grant| policy.grants.contains(grant)) {
            Some(GrantKind::ClientCredentials) if secrecy == Confidentiality::Public => {
                return Err(wrong("client_credentials needs a secret"));
            }
            Some(grant) if !out.contains(&grant) => out.push(grant),
            Some(_) => {}
            None => return Err(wrong("grant_types names a grant that clients may not register here")),
        }
    }
    if out.is_empty() { Err(wrong("grant_types is empty")) } else { Ok(out) }
}

fn redirects(typed: Option<Vec<&str>>, policy: &Registration) -> Result<Vec<RedirectUri>, RegistrationFault> {
    let wrong = RegistrationFault::Redirect;
    let typed: Vec<String> = typed.unwrap_or_default().into_iter().map(str::to_owned).collect();
    if typed.is_empty() {
        return Ok(Vec::new());
    }
    let mut flaws = Vec::new();
    let uris = redirect_uris(&typed, &mut flaws);
    if let Some(flaw) = flaws.first() {
        return Err(match flaw {
            Flaw::Redirect(_, why) => wrong(why),
            Flaw::RedirectMany => wrong("there are too many redirect URIs"),
            _ => wrong("redirect_uris is empty"),
        });
    }
    let allowed = |uri: &RedirectUri| policy.redirect_hosts.is_empty() || within(uri, &policy.redirect_hosts);
    if uris.iter().all(allowed) { Ok(uris) } else { Err(wrong("a redirect URI leads to a host that is not allowed")) }
}

/// Whether a URI leads to one of the hosts, by name or below a name.
fn within(uri: &RedirectUri, hosts: &[String]) -> bool {
    let Some(host) = host(uri.as_str()) else { return false };
    hosts.iter().any(|allowed| match allowed.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|below| below.ends_with('.') && below.len() > 1),
        None => *allowed == host,
    })
}

fn text<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, RegistrationFault> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(RegistrationFault::Metadata("a member that has to be a text is none")),
    }
}

fn list<'a>(members: &'a Map<String, Value>, name: &str) -> Result<Option<Vec<&'a str>>, RegistrationFault> {
    let wrong = RegistrationFault::Metadata("a member that has to be a list of texts is none");
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(items)) if items.len() <= MAX_LIST => {
            items.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(Some).ok_or(wrong)
        }
        Some(_) => Err(wrong),
    }
}
