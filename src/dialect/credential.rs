//! Which client a request names, when header and body may both speak. Two different
//! voices are refused in every dialect: taking either would let a request mean one
//! client here and another one in somebody's log.

use crate::dialect::basic;
use crate::dialect::condition::Condition;
use crate::dialect::knobs::{ClientAuth, Dialect, TwiceAlike};
use crate::dialect::params::Params;
use crate::dialect::request::ClientCredential;
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
pub fn read(dialect: &Dialect, raw: &RawRequest, params: &Params) -> Result<ClientCredential, Condition> {
    let allowed = |way| dialect.client_auth.contains(&way);
    let header = if allowed(ClientAuth::Basic) { basic::read(&raw.headers, dialect.basic)? } else { None };
    let (id, secret) = if allowed(ClientAuth::Body) { body(dialect, params) } else { (None, None) };
    let credential = match (header, id, secret) {
        (None, None, None) => ClientCredential::Absent,
        (None, None, Some(_)) => return Err(Condition::MissingParameter(dialect.names.client_id)),
        (None, Some(id), None) => ClientCredential::Public { id },
        (None, Some(id), Some(secret)) => ClientCredential::Secret { id, secret },
        (Some(header), id, secret) => one_of(dialect.twice_alike, header, id, secret)?,
    };
    match &credential {
        ClientCredential::Secret { id, .. } | ClientCredential::Public { id } if id.as_str().len() > MAX_CLIENT_ID => {
            Err(Condition::ClientBad)
        }
        _ => Ok(credential),
    }
}

fn body(dialect: &Dialect, params: &Params) -> (Option<ClientId>, Option<Secret>) {
    let id = params.value(dialect.names.client_id).map(|id| ClientId::new(id.expose()));
    (id, params.value(dialect.names.client_secret).cloned())
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
