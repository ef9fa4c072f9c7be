//! Proofs that an authority may come and look for: texts by token (RFC 8555 §8.3) and
//! certificates by name (RFC 8737). One board for the process, since the authority chooses
//! the listener and the kernel the worker. It holds what orders under way have put up, and
//! nothing else; a reload does not touch it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustls::sign::CertifiedKey;

/// The protocol that an authority asks for in the handshake of a proof (RFC 8737 §3).
pub const ALPN: &[u8] = b"acme-tls/1";

/// Where an authority asks for a text.
pub const PATH: &str = "/.well-known/acme-challenge/";

/// Proofs of each kind at once; an order has one for each of its names.
const MAX_PROOFS: usize = 1_024;

/// What hangs there.
#[derive(Debug, Default)]
pub struct Board {
    texts: Mutex<HashMap<String, Arc<str>>>,
    certificates: Mutex<HashMap<String, Arc<CertifiedKey>>>,
}

/// A proof on the board; dropping it takes it down.
#[derive(Debug)]
pub struct Posted {
    board: Arc<Board>,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Token(String),
    Name(String),
}

impl Board {
    /// Puts up the text for a token; `None`: the board is full.
    pub fn post_text(self: &Arc<Board>, token: &str, text: &str) -> Option<Posted> {
        put(&self.texts, token.to_owned(), Arc::from(text))?;
        Some(Posted { board: Arc::clone(self), key: Key::Token(token.to_owned()) })
    }

    /// Puts up the certificate for a name; `None`: the board is full.
    pub fn post_certificate(self: &Arc<Board>, name: &str, certificate: CertifiedKey) -> Option<Posted> {
        let name = name.to_ascii_lowercase();
        put(&self.certificates, name.clone(), Arc::new(certificate))?;
        Some(Posted { board: Arc::clone(self), key: Key::Name(name) })
    }

    /// The text that this path asks for, if it is one of these paths and its token hangs
    /// there. Any other path costs a comparison.
    pub fn text(&self, path: &str) -> Option<Arc<str>> {
        let token = path.strip_prefix(PATH)?;
        all(&self.texts).get(token).cloned()
    }

    /// The certificate that proves a name, lower case.
    pub fn certificate(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        all(&self.certificates).get(name).cloned()
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        match &self.key {
            Key::Token(token) => drop(all(&self.board.texts).remove(token)),
            Key::Name(name) => drop(all(&self.board.certificates).remove(name)),
        }
    }
}

fn all<V>(proofs: &Mutex<HashMap<String, V>>) -> MutexGuard<'_, HashMap<String, V>> {
    proofs.lock().unwrap_or_else(PoisonError::into_inner)
}

fn put<V>(proofs: &Mutex<HashMap<String, V>>, key: String, value: V) -> Option<()> {
    let mut all = all(proofs);
    (all.len() < MAX_PROOFS).then(|| drop(all.insert(key, value)))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Board, MAX_PROOFS};

    #[test]
    fn a_text_hangs_as_long_as_its_order_runs() {
        let board = Arc::new(Board::default());
        let posted = board.post_text("token", "token.thumb");
        let path = "/.well-known/acme-challenge/token";
        assert_eq!(board.text(path).as_deref(), Some("token.thumb"));
        for other in ["/token", "/.well-known/acme-challenge/other", "/.well-known/acme-challenge/", "/x"] {
            assert_eq!(board.text(other), None, "{other}");
        }
        drop(posted);
        assert_eq!(board.text(path), None);
    }

    #[test]
    fn a_full_board_takes_nothing_more() {
        let board = Arc::new(Board::default());
        let posted: Vec<_> = (0..=MAX_PROOFS).map(|n| board.post_text(&n.to_string(), "")).collect();
        assert!(posted[MAX_PROOFS - 1].is_some() && posted[MAX_PROOFS].is_none());
    }
}
