//! From a token's text to what it says. The issuer is found by the key that signed
//! it, then by `iss`; what an access token of that issuer must carry is its profile
//! (RFC 9068 §4 for the standard one). Claims that a backend will see are text
//! without control characters, or are not kept.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::profile::TokenProfile;
use crate::access::route::Route;
use crate::clock::UnixTime;
use crate::token::claim_names::{IssuerClaim, claim_text};
use crate::token::claims::Claims;
use crate::token::handle::{Handle, HandleKind, Handles};
use crate::token::id::{ClientId, FamilyId, Subject};
use crate::token::jws::{Compact, JwsError, Opened};
use crate::token::members::Members;
use crate::token::ring::KeyRing;
use crate::token::scope::{Scope, ScopeSet, Scopes};

/// Longest `sub`, `client_id` or other claim that is kept as text, in bytes.
pub const MAX_CLAIM_BYTES: usize = 1024;

/// Most members of `aud`.
pub const MAX_AUDIENCES: usize = 64;

/// The last moment of the year 9999: a later one is a mistake, not a time.
const LAST_MOMENT: u64 = 253_402_300_799;

/// Checks the signature of a JWS with the keys of the issuers that the route takes,
/// and reads its claims. Its times are not looked at here.
pub fn verify(token: &str, route: &Route, policy: &Policy, rings: &[Arc<KeyRing>]) -> Result<Claims, Denial> {
    let compact = Compact::parse(token).map_err(denial)?;
    let mut why = Denial::UnknownKey;
    let mut opened: Option<Opened> = None;
    for index in &route.issuers {
        let (Some(profile), Some(ring)) = (policy.profiles.get(*index), rings.get(*index)) else { continue };
        let key = match compact.verified_by(ring) {
            Ok(key) => key,
            Err(JwsError::BadSignature) if why == Denial::UnknownKey => {
                why = Denial::BadSignature;
                continue;
            }
            Err(_) => continue,
        };
        // Where two issuers share a key, the claims were read for the first already.
        let signed = match opened.take() {
            Some(opened) => Opened { key, ..opened },
            None => compact.read(key).map_err(denial)?,
        };
        if speaks_for(profile, &signed.payload)? {
            return claims(&signed, *index, profile, policy);
        }
        why = Denial::WrongIssuer;
        opened = Some(signed);
    }
    Err(why)
}

fn denial(error: JwsError) -> Denial {
    match error {
        JwsError::Malformed => Denial::Malformed,
        JwsError::RefusedHeader => Denial::WrongType,
        JwsError::Algorithm | JwsError::UnknownKey => Denial::UnknownKey,
        JwsError::BadSignature => Denial::BadSignature,
    }
}

/// Whether `iss` is this issuer's, byte by byte. Absent, it is only where the profile
/// does not ask for it.
fn speaks_for(profile: &TokenProfile, payload: &Members) -> Result<bool, Denial> {
    match (payload.get("iss"), &profile.claims.issuer) {
        (_, IssuerClaim::Unchecked) => Ok(true),
        (Some(Value::String(iss)), IssuerClaim::Url) => Ok(**iss == *profile.issuer_url),
        (Some(Value::String(iss)), IssuerClaim::OneOf(known)) => Ok(known.iter().any(|known| **known == **iss)),
        (Some(_), _) => Err(Denial::ClaimMismatch),
        (None, _) if profile.require.iter().any(|name| &**name == "iss") => Err(Denial::ClaimMismatch),
        (None, _) => Ok(true),
    }
}

fn claims(opened: &Opened, index: usize, profile: &TokenProfile, policy: &Policy) -> Result<Claims, Denial> {
    let payload = &opened.payload;
    if !takes_type(profile, opened.header_typ.as_deref()) {
        return Err(Denial::WrongType);
    }
    let present = |name: &str| payload.get(name).is_some_and(|value| !value.is_null());
    if !profile.require.iter().all(|name| present(name)) {
        return Err(Denial::ClaimMismatch);
    }
    let standard = &*profile.claims.subject == "sub";
    let (subject, client) = if standard {
        let client = text(payload, &profile.claims.client)?.or(text(payload, "azp")?);
        (text(payload, "sub")?.map(Cow::Borrowed), client.map(Cow::Borrowed))
    } else {
        (own(payload, &profile.claims.subject)?, own(payload, &profile.claims.client)?)
    };
    let jti = payload.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty());
    let family = payload.get("fam").and_then(Value::as_str).and_then(FamilyId::parse);
    let issuer = &profile.name;
    let handles = Handles {
        token: Handle::of_token(issuer, jti, &opened.payload_bytes),
        family: family.map(|family| Handle::of_family(issuer, &family)),
        user: subject.as_deref().map(|subject| Handle::of(HandleKind::User, issuer, subject.as_bytes())),
        client: client.as_deref().map(|client| Handle::of(HandleKind::Client, issuer, client.as_bytes())),
        key: opened.key.kid().map(|kid| Handle::of_key(issuer, kid)),
        issuer: Handle::of_issuer(issuer),
    };
    let names = profile.claims.scopes(payload);
    Ok(Claims {
        issuer: index,
        subject: subject.unwrap_or_default().into(),
        client: client.map(|client| client.into()),
        scope_text: names.to_string().into(),
        scopes: known(&names, profile, policy),
        audience: audience(payload)?,
        issued_at: time(payload, "iat")?,
        not_before: time(payload, "nbf")?,
        expires: time(payload, "exp")?,
        handles,
        kept: policy.kept_claims.iter().map(|name| kept(payload.get(name)?)).collect(),
    })
}

/// `typ` without case and without `application/` (RFC 7515 §4.1.9). A profile without
/// types takes plain JWTs and access tokens, but no other kind of token.
fn takes_type(profile: &TokenProfile, typ: Option<&str>) -> bool {
    let given = typ.unwrap_or("jwt").to_ascii_lowercase();
    let given = given.strip_prefix("application/").unwrap_or(&given);
    match &profile.types[..] {
        [] => matches!(given, "jwt" | "at+jwt"),
        types => types.iter().any(|taken| &**taken == given),
    }
}

/// A claim that is a plain text where it is present.
fn text<'a>(payload: &'a Members, name: &str) -> Result<Option<&'a str>, Denial> {
    match payload.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && is_plain(text) => Ok(Some(text)),
        Some(_) => Err(Denial::ClaimMismatch),
    }
}

/// A claim of an old system's name, which may be a number.
fn own<'a>(payload: &'a Members, name: &str) -> Result<Option<Cow<'a, str>>, Denial> {
    match payload.get(name) {
        Some(number @ Value::Number(_)) => Ok(claim_text(number).map(Cow::Owned)),
        _ => Ok(text(payload, name)?.map(Cow::Borrowed)),
    }
}

/// The bits of these scopes, and of those they hold.
fn known(names: &Scopes, profile: &TokenProfile, policy: &Policy) -> ScopeSet {
    let within = |scope: &Scope| profile.implies.iter().find(|(holder, _)| holder == scope).map(|(_, within)| within);
    let held = names.iter().filter_map(within).flat_map(Scopes::iter);
    policy.scopes.known(names.iter().chain(held).map(Scope::as_str))
}

/// The same claims with no more than what was left to their family.
pub fn narrowed(claims: &Claims, left: &Scopes, profile: &TokenProfile, policy: &Policy) -> Claims {
    let named = claims.scope_text.split(' ').filter_map(Scope::parse);
    let names: Scopes = named.filter(|scope| left.contains(scope)).collect();
    Claims { scope_text: names.to_string().into(), scopes: known(&names, profile, policy), ..claims.clone() }
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_CLAIM_BYTES && !text.chars().any(char::is_control)
}

/// A moment (RFC 7519 §2 NumericDate): a number, not negative, within the calendar.
fn time(payload: &Members, name: &str) -> Result<Option<UnixTime>, Denial> {
    let Some(value) = payload.get(name) else { return Ok(None) };
    let whole = value.as_u64();
    let fraction = || value.as_f64().filter(|n| (0.0..=LAST_MOMENT as f64).contains(n)).map(|n| n as u64);
    let moment = whole.or_else(fraction).filter(|moment| *moment <= LAST_MOMENT);
    moment.map(|moment| Some(UnixTime(moment))).ok_or(Denial::ClaimMismatch)
}

fn audience(payload: &Members) -> Result<Box<[Box<str>]>, Denial> {
    match payload.get("aud") {
        None => Ok(Box::default()),
        Some(Value::String(one)) => Ok(Box::new([one.as_str().into()])),
        Some(Value::Array(several)) if several.len() <= MAX_AUDIENCES => {
            let names = several.iter().map(|one| one.as_str().map(Box::from));
            names.collect::<Option<_>>().ok_or(Denial::ClaimMismatch)
        }
        Some(_) => Err(Denial::ClaimMismatch),
    }
}

/// A claim as text for a header; `None` if it is too long or has control characters.
fn kept(value: &Value) -> Option<Box<str>> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => Cow::Borrowed(text.as_str()),
        other => Cow::Owned(other.to_string()),
    };
    is_plain(&text).then(|| text.as_ref().into())
}

/// The row of an opaque token, as plain values.
#[derive(Clone, Debug)]
pub struct OpaqueFacts {
    /// Index of its issuer's profile.
    pub issuer: usize,
    /// Its own handle.
    pub token: Handle,
    /// Its family.
    pub family: Option<FamilyId>,
    /// To which client.
    pub client: ClientId,
    /// For whom.
    pub subject: Subject,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was issued.
    pub issued: UnixTime,
    /// When it ends.
    pub expires: Option<UnixTime>,
}

/// The claims of an opaque token. It is for the audience of its issuer, and carries
/// no further claims; `None` if the issuer is not in the policy.
pub fn opaque_claims(facts: &OpaqueFacts, policy: &Policy) -> Option<Claims> {
    let profile = policy.profiles.get(facts.issuer)?;
    let issuer = &profile.name;
    Some(Claims {
        issuer: facts.issuer,
        subject: facts.subject.as_str().into(),
        client: Some(facts.client.as_str().into()),
        scope_text: facts.scopes.to_string().into(),
        scopes: known(&facts.scopes, profile, policy),
        audience: profile.audience.clone().into(),
        issued_at: Some(facts.issued),
        not_before: None,
        expires: facts.expires,
        handles: Handles {
            token: facts.token,
            family: facts.family.map(|family| Handle::of_family(issuer, &family)),
            user: Some(Handle::of_user(issuer, &facts.subject)),
            client: Some(Handle::of_client(issuer, &facts.client)),
            key: None,
            issuer: Handle::of_issuer(issuer),
        },
        kept: vec![None; policy.kept_claims.len()].into(),
    })
}
