//! Session tickets under keys that several gateways share: whoever of them a caller
//! comes back to can resume his session. A ticket is the key's name, a nonce and the
//! sealed session (RFC 5077 §4). The first key of the file seals, all of them open, so
//! keys are changed by writing a new one on top and taking an old one from the end.
//! Must never: open a ticket that was sealed where other callers are trusted.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{digest, hkdf, rand};
use rustls::server::ProducesTickets;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::fixed::key_bytes;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::token::secret::Secret;

/// Keys that a file may hold.
const MAX_KEYS: usize = 16;
/// Largest file of keys, in bytes.
const MAX_BYTES: usize = 8 << 10;
/// Bytes of a key's name in a ticket.
const NAME: usize = 16;
/// Seconds that a ticket is good for, which callers are told (RFC 8446 §4.6.1: at most
/// a week).
const LIFETIME: u32 = 12 * 3_600;

impl Compiler<'_> {
    /// The ticket keys of a file, newest first, bound to `trust`.
    pub fn ticket_keys(&mut self, file: &At<String>, trust: &[u8]) -> Option<Arc<dyn ProducesTickets>> {
        let bytes = self.read(file, MAX_BYTES)?;
        let text = Secret::new(String::from_utf8_lossy(&bytes).into_owned());
        let lines = text.expose().lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let keys: Option<Vec<[u8; 32]>> = lines.map(key_bytes).collect();
        let made = match keys {
            Some(keys) if (1..=MAX_KEYS).contains(&keys.len()) => {
                keys.iter().map(|key| TicketKey::derive(key, trust)).collect::<Option<Vec<_>>>()
            }
            Some(_) | None => None,
        };
        if made.is_none() {
            let message = format!("`{file}` holds no ticket keys");
            let label = format!("expected 1 to {MAX_KEYS} lines of 32 bytes, in hexadecimal digits or base64");
            let help = "make one with `openssl rand -hex 32`, and put it on top of the others";
            self.wrong_with_help(Code::WrongValue, file.place, message, label, help);
        }
        made.map(|keys| Arc::new(TicketKeys(keys)) as Arc<dyn ProducesTickets>)
    }
}

/// Keys, newest first.
struct TicketKeys(Vec<TicketKey>);

struct TicketKey {
    name: [u8; NAME],
    key: LessSafeKey,
}

/// How many bytes a derivation gives.
struct Bytes(usize);

impl hkdf::KeyType for Bytes {
    fn len(&self) -> usize {
        self.0
    }
}

impl TicketKey {
    /// The key that a shared secret gives where callers are trusted so.
    fn derive(secret: &[u8; 32], trust: &[u8]) -> Option<TicketKey> {
        let trust = digest::digest(&digest::SHA256, trust);
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"tollgate session tickets").extract(secret);
        let mut name = [0; NAME];
        let mut key = [0; 32];
        root.expand(&[b"name", trust.as_ref()], Bytes(NAME)).ok()?.fill(&mut name).ok()?;
        root.expand(&[b"key", trust.as_ref()], Bytes(32)).ok()?.fill(&mut key).ok()?;
        Some(TicketKey { name, key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).ok()?) })
    }

    fn seal(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let nonce_used = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(nonce_used, Aad::from(self.name), &mut sealed).ok()?;
        Some([&self.name[..], &nonce, &sealed].concat())
    }

    fn open(&self, nonce: [u8; NONCE_LEN], sealed: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(nonce);
        let length = self.key.open_in_place(nonce, Aad::from(self.name), &mut sealed).ok()?.len();
        sealed.truncate(length);
        Some(sealed)
    }
}

impl ProducesTickets for TicketKeys {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        LIFETIME
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.0.first()?.seal(plain)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        let (name, rest) = ticket.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
        // Names are no secret.
        self.0.iter().find(|key| key.name == *name)?.open(*nonce, sealed)
    }
}

impl fmt::Debug for TicketKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketKeys({} of them)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use rustls::server::ProducesTickets as _;

    use super::{TicketKey, TicketKeys};

    fn keys(secrets: &[u8], trust: &[u8]) -> TicketKeys {
        TicketKeys(secrets.iter().map(|byte| TicketKey::derive(&[*byte; 32], trust).expect("a key")).collect())
    }

    #[test]
    fn whoever_shares_a_key_opens_its_tickets() {
        let ticket = keys(&[2, 1], b"").encrypt(b"a session").expect("sealed");
        assert_eq!(keys(&[3, 2], b"").decrypt(&ticket).as_deref(), Some(&b"a session"[..]), "another gateway, later");
        assert_eq!(keys(&[3, 1], b"").decrypt(&ticket), None, "the key is gone");
        assert_eq!(keys(&[2], b"other callers").decrypt(&ticket), None, "other trust");
    }

    #[test]
    fn a_changed_ticket_opens_nothing() {
        let all = keys(&[1], b"");
        let ticket = all.encrypt(b"a session").expect("sealed");
        assert_ne!(ticket, all.encrypt(b"a session").expect("sealed"), "no nonce twice");
        for at in 0..ticket.len() {
            let mut changed = ticket.clone();
            changed[at] ^= 1;
            assert_eq!(all.decrypt(&changed), None, "byte {at}");
            assert_eq!(all.decrypt(&ticket[..at]), None, "{at} bytes");
        }
    }
}
