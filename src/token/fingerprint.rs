//! The name under which a verdict about a token is kept: 128 bits over all of its
//! bytes. It is the tag of AES-GCM over the token as associated data, with a random
//! key per process and a fixed nonce: GHASH, a universal hash, whose key nobody
//! knows. Two chosen tokens of n blocks of 16 bytes meet with a chance of n / 2^128
//! at most, and as no output ever leaves the process (a caller sees only that his
//! forged token is refused), nobody can learn the key and choose better. A fixed
//! nonce would be fatal for a cipher or a MAC whose tags are shown; here none is.
//! A 700-byte token costs a third of what its SHA-256 would (`benches/admission`). Must never: be stored, logged or sent.

use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;

/// The name of one token in this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Hash for Fingerprint {
    /// Half of it: all bits are as good as chance already.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        state.write_u64(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(***)")
    }
}

/// Makes fingerprints. One per process, with a key drawn at start.
pub struct Fingerprinter {
    hash: Option<LessSafeKey>,
    key: [u8; 16],
}

impl Fingerprinter {
    /// Takes a key that nobody knows.
    pub fn new(key: [u8; 16]) -> Fingerprinter {
        Fingerprinter { hash: UnboundKey::new(&AES_128_GCM, &key).ok().map(LessSafeKey::new), key }
    }

    /// The fingerprint of a token's bytes.
    pub fn of(&self, token: &[u8]) -> Fingerprint {
        let tag = self.hash.as_ref().and_then(|hash| {
            let nonce = Nonce::assume_unique_for_key([0; 12]);
            hash.seal_in_place_separate_tag(nonce, Aad::from(token), &mut []).ok()
        });
        let mut out = [0; 16];
        match tag {
            Some(tag) => out.copy_from_slice(tag.as_ref()),
            // Unreachable for lengths a header can have; correct all the same.
            None => {
                let mut context = digest::Context::new(&digest::SHA256);
                context.update(&self.key);
                context.update(token);
                out.copy_from_slice(&context.finish().as_ref()[..16]);
            }
        }
        Fingerprint(out)
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::Fingerprinter;

    #[test]
    fn every_bit_of_token_and_key_matters() {
        let token = vec![b'a'; 700];
        let prints = Fingerprinter::new([1; 16]);
        let mut seen = HashSet::from([prints.of(&token), Fingerprinter::new([2; 16]).of(&token), prints.of(b"")]);
        assert_eq!(seen.len(), 3);
        for i in 0..token.len() {
            let mut bent = token.clone();
            bent[i] ^= 1;
            assert!(seen.insert(prints.of(&bent)), "bit of byte {i}");
            assert!(seen.insert(prints.of(&token[..i.max(1)])) || i < 2, "cut at {i}");
        }
        assert_eq!(prints.of(&token), prints.of(&token));
    }
}
