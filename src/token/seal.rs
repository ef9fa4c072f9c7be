//! Sealing: what must be kept but must say nothing to who reads the store. AES-256
//! in GCM with a random nonce. A key comes either from what a client presents in the
//! request (then the store alone can open nothing) or from the operator's store key.
//! Must never: use one key for two purposes; the purpose is part of the derivation.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use zeroize::Zeroizing;

use crate::random::{Random, bytes};
use crate::token::secret::Secret;

/// First byte of a sealed text; another one is a form this version does not know.
const FORM: u8 = 1;

/// The sealed text was not made with this key, or was changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SealBroken;

impl fmt::Display for SealBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sealed value cannot be opened with this key")
    }
}

impl std::error::Error for SealBroken {}

/// A key that seals for one purpose.
#[derive(Clone)]
pub struct SealKey(Zeroizing<[u8; 32]>);

impl SealKey {
    /// The key that only the bearer of `token` can make again.
    pub fn from_presented(token: &Secret) -> SealKey {
        SealKey::derived(token.expose().as_bytes(), b"tollgate answer under a presented token", b"")
    }

    /// The key that only who has the client's secret can make again.
    pub fn from_client_secret(secret: &Secret) -> SealKey {
        SealKey::derived(secret.expose().as_bytes(), b"tollgate live token under a client secret", b"")
    }

    /// The operator's key for one purpose, such as `b"signing keys"`.
    pub fn from_store_key(key: &[u8; 32], purpose: &[u8]) -> SealKey {
        SealKey::derived(key, b"tollgate store key", purpose)
    }

    fn derived(secret: &[u8], salt: &[u8], info: &[u8]) -> SealKey {
        let mut out = Zeroizing::new([0; 32]);
        let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
        // 32 bytes are one block of SHA-256: HKDF refuses only more than 255 of them.
        if prk.expand(&[info], HKDF_SHA256).and_then(|okm| okm.fill(&mut *out)).is_err() {
            std::process::abort();
        }
        SealKey(out)
    }

    fn cipher(&self) -> Result<LessSafeKey, SealBroken> {
        UnboundKey::new(&AES_256_GCM, &*self.0).map(LessSafeKey::new).map_err(|_| SealBroken)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(***)")
    }
}

/// Seals `plain`: form, nonce, text, tag. A fresh nonce each time, so equal texts
/// look different; up to 2^32 texts may be sealed under one key.
pub fn seal(key: &SealKey, random: &dyn Random, plain: &[u8]) -> Result<Vec<u8>, SealBroken> {
    let nonce = bytes::<NONCE_LEN>(random);
    let mut body = plain.to_vec();
    key.cipher()?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from([FORM]), &mut body)
        .map_err(|_| SealBroken)?;
    Ok([&[FORM][..], &nonce, &body].concat())
}

/// Opens what `seal` made with the same key.
pub fn open(key: &SealKey, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealBroken> {
    let (form, rest) = sealed.split_first().ok_or(SealBroken)?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(SealBroken)?;
    if *form != FORM {
        return Err(SealBroken);
    }
    let mut body = Zeroizing::new(body.to_vec());
    let length = key
        .cipher()?
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from([FORM]), &mut body)
        .map_err(|_| SealBroken)?
        .len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::{SealBroken, SealKey, open, seal};
    use crate::random::SeededRandom;
    use crate::token::secret::Secret;

    #[test]
    fn opens_what_it_sealed_and_nothing_else() {
        let random = SeededRandom::new(1);
        let key = SealKey::from_presented(&Secret::new("tgr_one".into()));
        let other = SealKey::from_presented(&Secret::new("tgr_two".into()));
        let sealed = seal(&key, &random, b"{\"access_token\":\"x\"}").unwrap();
        assert_eq!(&open(&key, &sealed).unwrap()[..], b"{\"access_token\":\"x\"}");
        assert_eq!(open(&other, &sealed).err(), Some(SealBroken));
        for i in 0..sealed.len() {
            let mut bent = sealed.clone();
            bent[i] ^= 1;
            assert_eq!(open(&key, &bent).err(), Some(SealBroken), "byte {i}");
            assert!(open(&key, &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn purposes_are_apart_and_nonces_fresh() {
        let random = SeededRandom::new(2);
        let (keys, rows) = (SealKey::from_store_key(&[7; 32], b"keys"), SealKey::from_store_key(&[7; 32], b"rows"));
        let sealed = seal(&keys, &random, b"k").unwrap();
        assert!(open(&rows, &sealed).is_err());
        assert_ne!(sealed, seal(&keys, &random, b"k").unwrap());
    }
}
