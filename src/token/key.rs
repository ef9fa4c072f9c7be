//! Key material as it is kept or given: algorithm, id, secret bytes. Parsed, ready
//! keys are `signing`'s and `verifying`'s. The algorithm belongs to the key and
//! comes from nowhere else, least of all from a token's header.
//! Must never: be printed, nor accept a key that is weak or of another algorithm.

use std::fmt;

use aws_lc_rs::digest;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{Error as PemError, PemObject as _};
use zeroize::Zeroizing;

use crate::random::{Random, bytes};
use crate::token::id::KeyId;
use crate::token::jwk;

/// Fewest bytes of an HMAC secret: the size of its digest (RFC 7518 §3.2).
pub const MIN_HS_SECRET_BYTES: usize = 32;

/// Fewest bytes of an RSA modulus: 2,048 bits (RFC 7518 §3.3).
pub const MIN_RSA_BYTES: usize = 256;

/// Characters of a line of PEM (RFC 7468 §2).
const PEM_LINE: usize = 64;

/// What assertions of others may be signed with: never with a shared secret.
pub const ASSERTION_ALGORITHMS: [Algorithm; 4] =
    [Algorithm::Rs256, Algorithm::Es256, Algorithm::Ps256, Algorithm::EdDsa];

/// What a key signs with (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// Ed25519.
    EdDsa,
    /// HMAC with SHA-256: for own use, never published.
    Hs256,
}

impl Algorithm {
    /// Whether a signature takes microseconds; with RSA it is most of a millisecond.
    pub fn signs_quickly(self) -> bool {
        match self {
            Algorithm::Es256 | Algorithm::EdDsa | Algorithm::Hs256 => true,
            Algorithm::Rs256 | Algorithm::Ps256 => false,
        }
    }

    /// All of them.
    pub const ALL: [Algorithm; 5] =
        [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::EdDsa, Algorithm::Hs256];

    /// The `alg` value.
    pub fn as_str(self) -> &'static str {
        match self {
            Algorithm::Es256 => "ES256",
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::EdDsa => "EdDSA",
            Algorithm::Hs256 => "HS256",
        }
    }

    /// The algorithm of that `alg` value.
    pub fn parse(word: &str) -> Option<Algorithm> {
        Algorithm::ALL.into_iter().find(|a| a.as_str() == word)
    }
}

/// Why a key cannot be used, for the operator; never holds any part of the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyError {
    /// The fact, and what would help.
    pub detail: String,
}

impl KeyError {
    pub(in crate::token) fn new(detail: impl Into<String>) -> KeyError {
        KeyError { detail: detail.into() }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for KeyError {}

/// A private key or a shared secret.
#[derive(Clone)]
pub struct KeyMaterial {
    /// Its name in `kid`: for key pairs the RFC 7638 thumbprint of the public half.
    pub kid: KeyId,
    /// What it signs with.
    pub algorithm: Algorithm,
    /// PKCS#8 DER, or the HMAC secret's bytes.
    pub secret: Zeroizing<Vec<u8>>,
}

impl KeyMaterial {
    /// A new key: P-256, Ed25519, RSA of 2,048 bits, or an HMAC secret of 32 bytes.
    /// P-256 and RSA draw from aws-lc's own generator, the others from `random`.
    /// Its kid never begins with `-`, which a command line would take for a flag.
    pub fn generate(algorithm: Algorithm, random: &dyn Random) -> Result<KeyMaterial, KeyError> {
        loop {
            let made = KeyMaterial::generate_any(algorithm, random)?;
            if !made.kid.as_str().starts_with('-') {
                return Ok(made);
            }
        }
    }

    fn generate_any(algorithm: Algorithm, random: &dyn Random) -> Result<KeyMaterial, KeyError> {
        let failed = |_| KeyError::new(format!("cannot generate a {} key", algorithm.as_str()));
        let secret = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(failed)?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::EdDsa => {
                let seed = Zeroizing::new(bytes::<32>(random));
                let pair = Ed25519KeyPair::from_seed_unchecked(&*seed)
                    .map_err(|_| KeyError::new("cannot generate an EdDSA key"))?;
                pair.to_pkcs8v1().map_err(failed)?.as_ref().to_vec()
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                rsa_pkcs8(&pair).map_err(failed)?
            }
            Algorithm::Hs256 => return KeyMaterial::from_hs_secret(&bytes::<MIN_HS_SECRET_BYTES>(random)),
        };
        KeyMaterial::from_pkcs8(algorithm, &secret)
    }

    /// The text of a key file: PKCS#8 in PEM, or the shared secret as it is.
    pub fn to_text(&self) -> Zeroizing<String> {
        if self.algorithm == Algorithm::Hs256 {
            return Zeroizing::new(String::from_utf8_lossy(&self.secret).into_owned());
        }
        let mut out = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
        let encoded = Zeroizing::new(STANDARD.encode(&*self.secret));
        for line in encoded.as_bytes().chunks(PEM_LINE) {
            out.extend(line.iter().map(|byte| char::from(*byte)));
            out.push('\n');
        }
        out.push_str("-----END PRIVATE KEY-----\n");
        out
    }

    /// Reads a private key in PEM: PKCS#8 (`PRIVATE KEY`), PKCS#1 (`RSA PRIVATE KEY`)
    /// or SEC 1 (`EC PRIVATE KEY`). A key of another type than `algorithm` asks for is
    /// an error, as is an encrypted one, a public one or a certificate.
    pub fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Result<KeyMaterial, KeyError> {
        let name = algorithm.as_str();
        if algorithm == Algorithm::Hs256 {
            return Err(KeyError::new("HS256 takes a secret, not a PEM file"));
        }
        match PrivateKeyDer::from_pem_slice(pem) {
            Ok(PrivateKeyDer::Pkcs8(der)) => KeyMaterial::from_pkcs8(algorithm, der.secret_pkcs8_der()),
            Ok(PrivateKeyDer::Pkcs1(der)) if matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256) => {
                let pair = RsaKeyPair::from_der(der.secret_pkcs1_der())
                    .map_err(|_| KeyError::new("the RSA private key cannot be read"))?;
                let pkcs8 = rsa_pkcs8(&pair).map_err(|_| KeyError::new("the RSA private key cannot be read"))?;
                KeyMaterial::from_pkcs8(algorithm, &pkcs8)
            }
            Ok(PrivateKeyDer::Sec1(der)) if algorithm == Algorithm::Es256 => {
                let refused = "the EC private key is not a P-256 key, which ES256 asks for";
                let pair = EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der.secret_sec1_der())
                    .map_err(|_| KeyError::new(refused))?;
                let pkcs8 = pair.to_pkcs8v1().map_err(|_| KeyError::new(refused))?;
                KeyMaterial::from_pkcs8(algorithm, pkcs8.as_ref())
            }
            Ok(_) => Err(KeyError::new(format!("the PEM file holds a private key of another type than {name}"))),
            Err(PemError::NoItemsFound) => Err(KeyError::new(no_private_key(pem))),
            Err(_) => Err(KeyError::new("the PEM file is broken: its marks or its base64 text cannot be read")),
        }
    }

    /// Takes a shared secret for HS256, of `MIN_HS_SECRET_BYTES` bytes or more. Its
    /// `kid` is a digest of the secret that reveals nothing of it.
    pub fn from_hs_secret(secret: &[u8]) -> Result<KeyMaterial, KeyError> {
        if secret.len() < MIN_HS_SECRET_BYTES {
            return Err(KeyError::new(format!(
                "an HS256 secret needs {MIN_HS_SECRET_BYTES} bytes or more, this one has {}",
                secret.len()
            )));
        }
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(b"tollgate kid of an HMAC secret\0");
        context.update(secret);
        let kid = URL_SAFE_NO_PAD.encode(context.finish());
        Ok(KeyMaterial { kid: KeyId::new(kid), algorithm: Algorithm::Hs256, secret: Zeroizing::new(secret.to_vec()) })
    }

    /// Reads PKCS#8 DER, checks that it fits the algorithm and names it by its
    /// RFC 7638 thumbprint.
    fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Result<KeyMaterial, KeyError> {
        let refused = || KeyError::new(format!("the private key is not one that {} can use", algorithm.as_str()));
        let public = match algorithm {
            Algorithm::Es256 => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| refused())?;
                jwk::of_p256(pair.public_key().as_ref())
            }
            Algorithm::EdDsa => {
                let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|_| refused())?;
                jwk::of_ed25519(pair.public_key().as_ref())
            }
            Algorithm::Rs256 | Algorithm::Ps256 => {
                let pair = RsaKeyPair::from_pkcs8(der).map_err(|_| refused())?;
                if pair.public_modulus_len() < MIN_RSA_BYTES {
                    return Err(KeyError::new("the RSA key is shorter than 2048 bits"));
                }
                jwk::of_rsa(pair.public_key())
            }
            Algorithm::Hs256 => return Err(KeyError::new("HS256 takes a secret, not a key pair")),
        };
        let kid = public.as_ref().and_then(jwk::thumbprint).ok_or_else(refused)?;
        Ok(KeyMaterial { kid, algorithm, secret: Zeroizing::new(der.to_vec()) })
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({} {}, ***)", self.algorithm.as_str(), self.kid)
    }
}

fn rsa_pkcs8(pair: &RsaKeyPair) -> Result<Vec<u8>, aws_lc_rs::error::Unspecified> {
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    Ok(der.as_ref().to_vec())
}

/// What a PEM file without a private key holds instead.
fn no_private_key(pem: &[u8]) -> &'static str {
    let holds = |mark: &str| pem.windows(mark.len()).any(|w| w == mark.as_bytes());
    if holds("BEGIN ENCRYPTED PRIVATE KEY") {
        "the private key is encrypted; give it without a passphrase"
    } else if holds("BEGIN PUBLIC KEY") || holds("BEGIN RSA PUBLIC KEY") {
        "the PEM file holds a public key; signing needs the private one"
    } else if holds("BEGIN CERTIFICATE") {
        "the PEM file holds a certificate; signing needs its private key"
    } else {
        "the PEM file holds no private key"
    }
}

#[cfg(test)]
mod tests;
