//! Reading a compact JWS (RFC 7515 §7.1) strictly: one spelling per token, one
//! algorithm per key, nothing believed before the signature is checked but where to
//! find the key. Headers that would carry or fetch a key, or change how the rest is
//! read, are refused: tokens that need them are not for us.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::token::key::Algorithm;
use crate::token::members::Members;
use crate::token::ring::KeyRing;
use crate::token::verifying::{MAX_KID_BYTES, VerifyingKey};

/// Longest token that is looked at.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Longest header part, as sent.
pub const MAX_HEADER_BYTES: usize = 4 * 1024;

/// Members of a header that change how the rest is read, or bring a key along.
const REFUSED_HEADERS: [&str; 8] = ["crit", "b64", "zip", "enc", "jwk", "jku", "x5c", "x5u"];

/// Why a text is not a token of a ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JwsError {
    /// Not three parts of canonical base64url, or a part is not what it should be.
    Malformed,
    /// A header member that is refused: `crit`, `b64`, `zip`, or an embedded key.
    RefusedHeader,
    /// `alg` is absent, or none that any key here has.
    Algorithm,
    /// No key of the ring could have signed it.
    UnknownKey,
    /// A key could have, and did not.
    BadSignature,
}

/// A JWS that was taken apart but not believed yet.
#[derive(Clone, Debug)]
pub struct Compact<'a> {
    signed: &'a str,
    payload: &'a str,
    signature: Vec<u8>,
    algorithm: Algorithm,
    typ: Option<String>,
    kid: Option<String>,
}

/// A JWS whose signature was checked.
#[derive(Clone, Debug)]
pub struct Opened {
    /// `typ` of the header as it stands.
    pub header_typ: Option<String>,
    /// The key that signed it.
    pub key: Arc<VerifyingKey>,
    /// The claims.
    pub payload: Members,
    /// The bytes the claims were read from, for a digest of them.
    pub payload_bytes: Vec<u8>,
}

/// Takes apart, checks with the ring's keys, and reads.
pub fn open(ring: &KeyRing, token: &str) -> Result<Opened, JwsError> {
    let compact = Compact::parse(token)?;
    let key = compact.verified_by(ring)?;
    compact.read(key)
}

impl<'a> Compact<'a> {
    /// Takes a token apart.
    pub fn parse(token: &'a str) -> Result<Compact<'a>, JwsError> {
        let malformed = || JwsError::Malformed;
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JwsError::Malformed);
        }
        let (header, rest) = token.split_once('.').ok_or_else(malformed)?;
        let (payload, signature) = rest.split_once('.').ok_or_else(malformed)?;
        if header.len() > MAX_HEADER_BYTES || signature.is_empty() || signature.contains('.') {
            return Err(JwsError::Malformed);
        }
        let header = Members::read(&decode(header)?).map_err(|_| JwsError::Malformed)?;
        if header.names().any(|name| REFUSED_HEADERS.contains(&name)) {
            return Err(JwsError::RefusedHeader);
        }
        let text = |name: &str| match header.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(JwsError::Malformed),
        };
        let algorithm = header.get("alg").and_then(Value::as_str).and_then(Algorithm::parse);
        let kid = text("kid")?;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID_BYTES) {
            return Err(JwsError::UnknownKey);
        }
        Ok(Compact {
            signed: &token[..token.len() - signature.len() - 1],
            payload,
            signature: decode(signature)?,
            algorithm: algorithm.ok_or(JwsError::Algorithm)?,
            typ: text("typ")?,
            kid,
        })
    }

    /// Who is said to have issued it, before anything is believed: only to find the keys
    /// that can tell.
    pub fn claimed_issuer(&self) -> Option<String> {
        let payload = Members::read(&decode(self.payload).ok()?).ok()?;
        payload.get("iss").and_then(Value::as_str).map(str::to_owned)
    }

    /// The key of the ring that signed it.
    pub fn verified_by(&self, ring: &KeyRing) -> Result<Arc<VerifyingKey>, JwsError> {
        let mut tried = false;
        for key in ring.candidates(self.kid.as_deref(), self.algorithm) {
            tried = true;
            if key.verify(self.signed.as_bytes(), &self.signature) {
                return Ok(key.clone());
            }
        }
        Err(if tried { JwsError::BadSignature } else { JwsError::UnknownKey })
    }

    /// Reads the claims, once a key vouched for them.
    pub fn read(&self, key: Arc<VerifyingKey>) -> Result<Opened, JwsError> {
        let payload_bytes = decode(self.payload)?;
        let payload = Members::read(&payload_bytes).map_err(|_| JwsError::Malformed)?;
        Ok(Opened { header_typ: self.typ.clone(), key, payload, payload_bytes })
    }
}

/// Base64url without padding and without spare bits: each value has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, JwsError> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| JwsError::Malformed)
}

#[cfg(test)]
mod tests;
