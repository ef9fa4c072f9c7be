//! The key that signs, parsed once and kept: `jsonwebtoken` would parse it again for
//! every token, which for RSA costs more than the signature. Signatures are made by
//! aws-lc-rs; tests prove that `jsonwebtoken` accepts them.
//! Must never: sign under another algorithm than the key's.

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaEncoding, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use serde_json::Value;

use crate::token::id::KeyId;
use crate::token::jwk;
use crate::token::key::{Algorithm, KeyError, KeyMaterial};

/// The library refused to sign: memory ran out, or a hardware fault was caught.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SignError;

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature could not be made")
    }
}

impl std::error::Error for SignError {}

/// A private key, ready to sign.
pub struct SigningKey {
    kid: KeyId,
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    P256(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
    Rsa(Box<RsaKeyPair>, &'static dyn RsaEncoding),
    Hmac(Box<hmac::Key>),
}

impl SigningKey {
    /// Parses the material; an error when its bytes do not fit its algorithm.
    pub fn parse(material: &KeyMaterial) -> Result<SigningKey, KeyError> {
        let (algorithm, der) = (material.algorithm, &material.secret[..]);
        let rsa = || RsaKeyPair::from_pkcs8(der).map(Box::new);
        let pair = match algorithm {
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map(|pair| Pair::P256(Box::new(pair)))
            }
            Algorithm::EdDsa => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map(|pair| Pair::Ed25519(Box::new(pair)))
            }
            Algorithm::Rs256 => rsa().map(|pair| Pair::Rsa(pair, &RSA_PKCS1_SHA256)),
            Algorithm::Ps256 => rsa().map(|pair| Pair::Rsa(pair, &RSA_PSS_SHA256)),
            Algorithm::Hs256 => Ok(Pair::Hmac(Box::new(hmac::Key::new(hmac::HMAC_SHA256, der)))),
        }
        .map_err(|_| KeyError::new(format!("the private key is not one that {} can use", algorithm.as_str())))?;
        Ok(SigningKey { kid: material.kid.clone(), algorithm, pair })
    }

    /// Its name.
    pub fn kid(&self) -> &KeyId {
        &self.kid
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The compact JWS (RFC 7515 §7.1) of a payload, which is JSON already.
    pub fn sign(&self, typ: &str, payload: &[u8]) -> Result<String, SignError> {
        let header = serde_json::json!({ "alg": self.algorithm.as_str(), "typ": typ, "kid": self.kid.as_str() });
        self.sign_with(&header, payload)
    }

    /// The same under a header of somebody's own, whose `alg` must be this key's: a
    /// reader that goes by the header would otherwise refuse it.
    pub fn sign_with(&self, header: &Value, payload: &[u8]) -> Result<String, SignError> {
        if header.get("alg").and_then(Value::as_str) != Some(self.algorithm.as_str()) {
            return Err(SignError);
        }
        let mut token = String::with_capacity(payload.len() * 4 / 3 + 600);
        URL_SAFE_NO_PAD.encode_string(header.to_string(), &mut token);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut token);
        let signature = self.signature(token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        Ok(token)
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        match &self.pair {
            Pair::P256(pair) => pair.sign(&SystemRandom::new(), message).map(|s| s.as_ref().to_vec()),
            Pair::Ed25519(pair) => pair.try_sign(message).map(|s| s.as_ref().to_vec()),
            Pair::Rsa(pair, encoding) => {
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut out).map(|()| out)
            }
            Pair::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
        }
        .map_err(|_| SignError)
    }

    /// The public half; `None` for a shared secret.
    pub(in crate::token) fn public(&self) -> Option<Jwk> {
        match &self.pair {
            Pair::P256(pair) => jwk::of_p256(pair.public_key().as_ref()),
            Pair::Ed25519(pair) => jwk::of_ed25519(pair.public_key().as_ref()),
            Pair::Rsa(pair, _) => jwk::of_rsa(pair.public_key()),
            Pair::Hmac(_) => None,
        }
    }

    /// The shared secret's verifying form, where there is one.
    pub(in crate::token) fn shared(&self) -> Option<&hmac::Key> {
        match &self.pair {
            Pair::Hmac(key) => Some(key),
            Pair::P256(_) | Pair::Ed25519(_) | Pair::Rsa(..) => None,
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {}, ***)", self.algorithm.as_str(), self.kid)
    }
}
