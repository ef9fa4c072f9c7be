//! A key that verifies, parsed once. It knows its algorithm; a token may only repeat
//! it (RFC 8725 §3.1). Keys of others come as JWKs and are never symmetric: whoever
//! can read a published key could sign with it.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::PublicKeyComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RsaParameters,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use serde_json::Value;

use crate::token::id::KeyId;
use crate::token::key::{Algorithm, KeyError, MIN_RSA_BYTES};
use crate::token::signing::SigningKey;

/// Longest `kid` that is taken over, in bytes.
pub const MAX_KID_BYTES: usize = 256;

/// A key that verifies.
pub struct VerifyingKey {
    kid: Option<KeyId>,
    algorithm: Algorithm,
    check: Check,
}

enum Check {
    Public(Box<ParsedPublicKey>),
    Shared(Box<hmac::Key>),
}

impl VerifyingKey {
    /// Reads one public key of somebody else's JWKS. `allowed` are the algorithms the
    /// operator takes; a key that names none gets the first of them that fits its type.
    pub fn from_jwk(jwk: &Value, allowed: &[Algorithm]) -> Result<VerifyingKey, KeyError> {
        let kty = jwk.get("kty").and_then(Value::as_str).unwrap_or_default();
        if kty == "oct" {
            return Err(KeyError::new("a symmetric key (`kty: oct`) is not taken from a key set"));
        }
        let fitting: &[Algorithm] = match kty {
            "RSA" => &[Algorithm::Rs256, Algorithm::Ps256],
            "EC" => &[Algorithm::Es256],
            "OKP" => &[Algorithm::EdDsa],
            _ => return Err(KeyError::new(format!("key type `{}` is not supported", kty.escape_default()))),
        };
        let named = match jwk.get("alg") {
            None => None,
            Some(Value::String(word)) => Some(
                Algorithm::parse(word)
                    .filter(|a| fitting.contains(a))
                    .ok_or_else(|| KeyError::new(format!("`alg: {}` does not fit the key", word.escape_default())))?,
            ),
            Some(_) => return Err(KeyError::new("`alg` of the key is not a text")),
        };
        let takes = |a: &Algorithm| fitting.contains(a) && named.is_none_or(|n| n == *a);
        let algorithm = allowed
            .iter()
            .copied()
            .find(takes)
            .ok_or_else(|| KeyError::new(format!("no allowed algorithm fits a key of type {kty}")))?;
        let jwk: Jwk = serde_json::from_value(jwk.clone()).map_err(|_| KeyError::new("the key is not a JWK"))?;
        VerifyingKey::of_jwk(&jwk, algorithm)
    }

    /// Reads a parsed JWK for one algorithm.
    pub(in crate::token) fn of_jwk(jwk: &Jwk, algorithm: Algorithm) -> Result<VerifyingKey, KeyError> {
        let common = &jwk.common;
        if common.public_key_use.as_ref().is_some_and(|u| *u != PublicKeyUse::Signature) {
            return Err(KeyError::new("the key is not for signatures (`use`)"));
        }
        if common.key_operations.as_ref().is_some_and(|ops| !ops.contains(&KeyOperations::Verify)) {
            return Err(KeyError::new("the key is not for verifying (`key_ops`)"));
        }
        if common.key_id.as_ref().is_some_and(|kid| kid.is_empty() || kid.len() > MAX_KID_BYTES) {
            return Err(KeyError::new(format!("`kid` of the key is empty or longer than {MAX_KID_BYTES} bytes")));
        }
        let parsed = match &jwk.algorithm {
            AlgorithmParameters::RSA(rsa) => match algorithm {
                Algorithm::Rs256 => rsa_key(&rsa.n, &rsa.e, &RSA_PKCS1_2048_8192_SHA256)?,
                Algorithm::Ps256 => rsa_key(&rsa.n, &rsa.e, &RSA_PSS_2048_8192_SHA256)?,
                Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Hs256 => return Err(misfit(algorithm)),
            },
            AlgorithmParameters::EllipticCurve(ec) if algorithm == Algorithm::Es256 => {
                if ec.curve != EllipticCurve::P256 {
                    return Err(KeyError::new("ES256 needs a key on P-256"));
                }
                let (x, y) = (coordinate(&ec.x)?, coordinate(&ec.y)?);
                let point = [&[4], &x[..], &y[..]].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).map_err(|_| misfit(algorithm))?
            }
            AlgorithmParameters::OctetKeyPair(okp) if algorithm == Algorithm::EdDsa => {
                if okp.curve != EllipticCurve::Ed25519 {
                    return Err(KeyError::new("EdDSA needs an Ed25519 key"));
                }
                ParsedPublicKey::new(&ED25519, coordinate(&okp.x)?).map_err(|_| misfit(algorithm))?
            }
            _ => return Err(misfit(algorithm)),
        };
        let kid = common.key_id.as_deref().map(KeyId::new);
        Ok(VerifyingKey { kid, algorithm, check: Check::Public(Box::new(parsed)) })
    }

    /// The verifying half of a key of ours.
    pub(in crate::token) fn of_signing(key: &SigningKey) -> Result<VerifyingKey, KeyError> {
        let mut verifying = match (key.shared(), key.public()) {
            (Some(shared), _) => {
                VerifyingKey { kid: None, algorithm: key.algorithm(), check: Check::Shared(Box::new(shared.clone())) }
            }
            (None, Some(public)) => VerifyingKey::of_jwk(&public, key.algorithm())?,
            (None, None) => return Err(misfit(key.algorithm())),
        };
        verifying.kid = Some(key.kid().clone());
        Ok(verifying)
    }

    /// Its name, if it has one.
    pub fn kid(&self) -> Option<&KeyId> {
        self.kid.as_ref()
    }

    /// The only algorithm it verifies.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether `signature` over `signed` was made with this key.
    pub fn verify(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.check {
            Check::Public(key) => match self.algorithm {
                // A digest made apart spares the library a copy of its digest's state.
                Algorithm::Es256 | Algorithm::Rs256 | Algorithm::Ps256 => {
                    key.verify_digest_sig(&digest::digest(&digest::SHA256, signed), signature).is_ok()
                }
                Algorithm::EdDsa | Algorithm::Hs256 => key.verify_sig(signed, signature).is_ok(),
            },
            Check::Shared(key) => hmac::verify(key, signed, signature).is_ok(),
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {:?})", self.algorithm.as_str(), self.kid)
    }
}

fn misfit(algorithm: Algorithm) -> KeyError {
    KeyError::new(format!("the key is not one that {} can use", algorithm.as_str()))
}

fn rsa_key(n: &str, e: &str, parameters: &'static RsaParameters) -> Result<ParsedPublicKey, KeyError> {
    let read = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::new("the key is not base64url"));
    let (n, e) = (read(n)?, read(e)?);
    let strip = |bytes: &[u8]| bytes.iter().skip_while(|b| **b == 0).copied().collect::<Vec<u8>>();
    let (n, e) = (strip(&n), strip(&e));
    // The first byte of a full modulus has its top bit set; 255 and a half bytes are 2,044 bits.
    if n.len() < MIN_RSA_BYTES || (n.len() == MIN_RSA_BYTES && n[0] & 0x80 == 0) {
        return Err(KeyError::new("the RSA key is shorter than 2048 bits"));
    }
    PublicKeyComponents { n, e }
        .to_parsed_public_key(parameters)
        .map_err(|_| KeyError::new("the RSA key cannot be used"))
}

fn coordinate(text: &str) -> Result<[u8; 32], KeyError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::new("the key is not base64url"))?;
    <[u8; 32]>::try_from(bytes).map_err(|_| KeyError::new("a coordinate of the key has not 32 bytes"))
}
