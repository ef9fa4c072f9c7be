//! The ID token (OpenID Connect Core §2): signed with the issuer's key, for one client,
//! bound to the request by its nonce and to the access token by its hash.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use crate::clock::Seconds;
use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::authorize::code::Code;
use crate::oauth::issuer::OPENID;
use crate::oauth::service::{Case, RETRY};
use crate::token::key::Algorithm;
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// The `typ` of an ID token.
pub(in crate::oauth) const TYPE: &str = "JWT";

/// How long a client may take to read it.
const LIFETIME: Seconds = Seconds(600);

/// How the person proved who he is (RFC 8176).
const METHODS: [&str; 1] = ["pwd"];

#[derive(Serialize)]
struct IdClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    exp: u64,
    iat: u64,
    auth_time: u64,
    amr: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    at_hash: String,
}

/// The ID token that goes with these tokens; `None` where `openid` was not granted.
///
/// # Errors
/// `Unavailable`, before any key may sign.
pub(in crate::oauth) fn of<S, P>(
    case: &Case<'_, S, P>,
    code: &Code,
    scopes: &Scopes,
    access: &Secret,
) -> Result<Option<Secret>, Refused> {
    let issuer = case.desk.issuer;
    if !issuer.serves_openid() || !scopes.iter().any(|scope| scope.as_str() == OPENID) {
        return Ok(None);
    }
    let signer = case.desk.ring.signer().ok_or_else(|| {
        let fault = Some("no key of the issuer may sign yet".to_owned());
        Refused { fault, ..Refused::from(Condition::Unavailable(RETRY)) }
    })?;
    let claims = IdClaims {
        iss: &issuer.url,
        sub: code.subject.as_str(),
        aud: code.client.as_str(),
        exp: case.now.after(LIFETIME).0,
        iat: case.now.0,
        auth_time: code.signed_in.0,
        amr: METHODS,
        nonce: code.nonce.as_deref(),
        at_hash: half_hash(signer.algorithm(), access.expose()),
    };
    let payload = serde_json::to_vec(&claims).map_err(|error| Refused::internal(error.to_string()))?;
    let token = signer.sign(TYPE, &payload).map_err(|error| Refused::internal(error.to_string()))?;
    Ok(Some(Secret::new(token)))
}

/// `at_hash` (Core §3.1.3.6): the left half of the hash that the signature uses.
fn half_hash(algorithm: Algorithm, token: &str) -> String {
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 | Algorithm::Hs256 => &digest::SHA256,
        Algorithm::EdDsa => &digest::SHA512,
    };
    let whole = digest::digest(hash, token.as_bytes());
    URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2])
}

#[cfg(test)]
mod tests {
    use super::half_hash;
    use crate::token::key::Algorithm;

    #[test]
    fn the_example_of_the_specification() {
        // OpenID Connect Core, appendix A.3.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        assert_eq!(half_hash(Algorithm::Rs256, token), "77QmUPtjPfzWtF2AnpK9RQ");
    }
}
