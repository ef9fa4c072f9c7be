//! Key material as it is kept or given: algorithm, id, secret bytes. Parsed, ready
//! keys are `ring`'s. The algorithm belongs to the key and comes from nowhere else,
//! least of all from a token's header.

use std::fmt;

use zeroize::Zeroizing;

use crate::token::id::KeyId;

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

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyMaterial({} {}, ***)", self.algorithm.as_str(), self.kid)
    }
}
