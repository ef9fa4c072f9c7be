//! Secrets that cannot be printed and digests that are safe to keep. Client
//! secrets, codes and tokens are long and random, so one SHA-256 is enough to keep
//! them; people's passwords are not, and never come here (see `users`).
//! Must never: implement `Display`, or a `Debug` that shows anything.

use std::fmt;

use aws_lc_rs::digest;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use crate::token::place::{PLACE_BYTES, Place};

/// A secret in memory: compares in constant time, prints as stars, is wiped on drop.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: String) -> Secret {
        Secret(Zeroizing::new(text))
    }

    /// The text itself, for the one place that must send or digest it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may be stored of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(self.0.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The SHA-256 of a secret: enough to recognise it, useless to present. That of a token
/// with a place begins with the place, and has 200 bits of the SHA-256 behind it.
#[derive(Clone, Copy)]
pub struct SecretDigest(pub [u8; 32]);

impl SecretDigest {
    /// Digests the secret's bytes.
    pub fn of(secret: &[u8]) -> SecretDigest {
        let whole = digest::digest(&digest::SHA256, secret);
        let mut out = [0; 32];
        match Place::of(secret) {
            None => out.copy_from_slice(whole.as_ref()),
            Some(place) => {
                out[..PLACE_BYTES].copy_from_slice(&place.0);
                out[PLACE_BYTES..].copy_from_slice(&whole.as_ref()[..32 - PLACE_BYTES]);
            }
        }
        SecretDigest(out)
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &SecretDigest) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(***)")
    }
}
