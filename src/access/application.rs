//! An application that comes to the API as itself, without a token: with its key, or with
//! id and secret, as some old systems let it read or register people. Only where a rule
//! says so. Must never: answer sooner because a key is unknown.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::access::policy::Policy;
use crate::access::profile::{KeyUse, TokenProfile};
use crate::access::route::Route;
use crate::dialect::basic;
use crate::dialect::knobs::Reading;
use crate::token::claims::Claims;
use crate::token::handle::{Handle, Handles};
use crate::token::id::ClientId;
use crate::token::secret::SecretDigest;

/// Who it is, as the claims of a token that it does not need; `None` for everybody else.
pub fn proven(headers: &HeaderMap, route: &Route, policy: &Policy) -> Option<Claims> {
    let profiles = route.issuers.iter().filter_map(|index| Some((*index, policy.profiles.get(*index)?)));
    profiles.into_iter().find_map(|(index, profile)| {
        let shown =
            by_key(headers, &profile.dialect.reading).or_else(|| by_basic(headers, &profile.dialect.reading))?;
        Some(claims_of(index, profile, client(profile, &shown)?, policy))
    })
}

/// What a request shows of an application.
struct Shown {
    id: Option<ClientId>,
    digest: SecretDigest,
    by: KeyUse,
}

fn by_key(headers: &HeaderMap, reading: &Reading) -> Option<Shown> {
    let mut lines = headers.get_all(reading.key_header.as_ref().unwrap_or(&AUTHORIZATION)).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return None };
    let line = line.to_str().ok()?;
    let key = match reading.key_header {
        Some(_) => line,
        None => line.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer"))?.1,
    };
    Some(Shown { id: None, digest: SecretDigest::of(key.trim().as_bytes()), by: KeyUse::Bearer })
}

fn by_basic(headers: &HeaderMap, reading: &Reading) -> Option<Shown> {
    let (id, secret) = basic::read(headers, reading.basic).ok()??;
    Some(Shown { id: Some(id), digest: secret.digest(), by: KeyUse::Basic })
}

/// The client that has what is shown. Every key is looked at, so the time it takes says
/// nothing.
fn client<'p>(profile: &'p TokenProfile, shown: &Shown) -> Option<&'p str> {
    let named = |client: &str| shown.id.as_ref().is_none_or(|id| id.as_str() == client);
    let fitting = profile.application_keys.iter().filter(|key| key.digest == shown.digest && key.by == shown.by);
    fitting.fold(None, |found, key| if named(&key.client) { Some(&*key.client) } else { found })
}

fn claims_of(index: usize, profile: &TokenProfile, client: &str, policy: &Policy) -> Claims {
    let handle = Handle::of_client(&profile.name, &ClientId::new(client));
    Claims {
        issuer: index,
        subject: client.into(),
        client: Some(client.into()),
        scope_text: "".into(),
        scopes: Default::default(),
        audience: profile.audience.clone().into(),
        issued_at: None,
        not_before: None,
        expires: None,
        handles: Handles {
            token: handle,
            family: None,
            user: None,
            client: Some(handle),
            key: None,
            issuer: Handle::of_issuer(&profile.name),
        },
        kept: vec![None; policy.kept_claims.len()].into(),
    }
}
