//! Which client a request names, when header and body may both speak. Two different
//! voices are refused, since taking either would let a request mean one client here and
//! another one in somebody's log; a dialect whose system always heard one of them says so.

use http::header::AUTHORIZATION;

use crate::dialect::basic;
use crate::dialect::condition::Condition;
use crate::dialect::knobs::{ClientAuth, Reading, TwiceAlike, TwiceUnlike};
use crate::dialect::params::Params;
use crate::dialect::request::{CLIENT_ASSERTION, ClientCredential};
use crate::dialect::wire::RawRequest;
use crate::token::id::ClientId;
use crate::token::secret::Secret;

/// Bytes of a client id; a longer one is nobody's.
const MAX_CLIENT_ID: usize = 512;

/// Reads who asks.
///
/// # Errors
/// `ClientConflict` for two that differ, `ClientBad` for a header that is none,
/// `MissingParameter` for a secret without an id.
pub fn read(reading: &Reading, raw: &RawRequest, params: &Params) -> Result<ClientCredential, Condition> {
    let allowed = |way| reading.client_auth.contains(&way);
    if allowed(ClientAuth::Assertion)
        && let Some(assertion) = params.value(&reading.names.client_assertion)
    {
        return assertion_of(reading, raw, params, assertion);
    }
    if allowed(ClientAuth::Key) {
        return key(reading, raw);
    }
    let header = if allowed(ClientAuth::Basic) { basic::read(&raw.headers, reading.basic)? } else { None };
    let (id, secret) = if allowed(ClientAuth::Body) { body(reading, params) } else { (None, None) };
    let (header, id, secret) = match reading.twice_unlike {
        TwiceUnlike::Refuse => (header, id, secret),
        TwiceUnlike::First => first_of(reading, header, id, secret),
    };
    let credential = match (header, id, secret) {
        (None, None, None) => ClientCredential::Absent,
        (None, None, Some(_)) => return Err(missing(reading)),
        (None, Some(id), None) => ClientCredential::Public { id },
        (None, Some(id), Some(secret)) => ClientCredential::Secret { id, secret },
        (Some(header), id, secret) => one_of(reading.twice_alike, header, id, secret)?,
    };
    match &credential {
        ClientCredential::Secret { id, .. } | ClientCredential::Public { id } if id.as_str().len() > MAX_CLIENT_ID => {
            Err(Condition::ClientBad)
        }
        _ => Ok(credential),
    }
}

/// A JWT that the client signed (RFC 7521 §4.2); beside it nothing else may prove anybody.
fn assertion_of(
    reading: &Reading,
    raw: &RawRequest,
    params: &Params,
    assertion: &Secret,
) -> Result<ClientCredential, Condition> {
    let (id, secret) = body(reading, params);
    if secret.is_some() || raw.headers.contains_key(AUTHORIZATION) {
        return Err(Condition::ClientConflict);
    }
    match params.value(&reading.names.client_assertion_type) {
        Some(kind) if kind.expose() == CLIENT_ASSERTION => {
            Ok(ClientCredential::Assertion { id, assertion: assertion.clone() })
        }
        _ => Err(Condition::ClientBad),
    }
}

/// The application's key as a bearer credential: what is not one is nobody.
fn key(reading: &Reading, raw: &RawRequest) -> Result<ClientCredential, Condition> {
    let mut lines = raw.headers.get_all(reading.key_header.as_ref().unwrap_or(&AUTHORIZATION)).iter();
    let Some(line) = lines.next() else { return Ok(ClientCredential::Absent) };
    if lines.next().is_some() {
        return Err(Condition::ClientConflict);
    }
    let line = line.to_str().map_err(|_| Condition::ClientMissing)?;
    let presented = match (&reading.key_header, line.split_once(' ')) {
        (Some(_), _) => Some(line),
        (None, Some((scheme, key))) if scheme.eq_ignore_ascii_case("Bearer") => Some(key),
        (None, _) => None,
    };
    let key = presented.map(str::trim).filter(|key| !key.is_empty() && key.len() <= MAX_CLIENT_ID);
    let key = key.ok_or(Condition::ClientMissing)?;
    Ok(ClientCredential::Key { key: Secret::new(key.to_owned()) })
}

/// The way that the dialect names first, where the request has it.
fn first_of(
    reading: &Reading,
    header: Option<(ClientId, Secret)>,
    id: Option<ClientId>,
    secret: Option<Secret>,
) -> (Option<(ClientId, Secret)>, Option<ClientId>, Option<Secret>) {
    let place = |way| reading.client_auth.iter().position(|known| *known == way);
    match (&header, &id, place(ClientAuth::Basic) < place(ClientAuth::Body)) {
        (Some(_), _, true) => (header, None, None),
        (_, Some(_), _) => (None, id, secret),
        _ => (header, id, secret),
    }
}

fn missing(reading: &Reading) -> Condition {
    Condition::MissingParameter(reading.names.client_id.first().cloned().unwrap_or_default())
}

fn body(reading: &Reading, params: &Params) -> (Option<ClientId>, Option<Secret>) {
    let id = params.value(&reading.names.client_id).map(|id| ClientId::new(id.expose()));
    (id, params.value(&reading.names.client_secret).cloned())
}

/// The header's word, if the body says nothing else. A bare equal `client_id` beside
/// the header is what RFC 6749 §4.1.3 makes clients send, so it is no second method.
fn one_of(
    twice_alike: TwiceAlike,
    (id, secret): (ClientId, Secret),
    body_id: Option<ClientId>,
    body_secret: Option<Secret>,
) -> Result<ClientCredential, Condition> {
    if body_id.is_some_and(|other| other != id) {
        return Err(Condition::ClientConflict);
    }
    match body_secret {
        Some(other) if twice_alike == TwiceAlike::Refuse || other.digest() != secret.digest() => {
            Err(Condition::ClientConflict)
        }
        _ => Ok(ClientCredential::Secret { id, secret }),
    }
}
