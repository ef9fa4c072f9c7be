//! Which certificate a handshake gets where the gateway gets some by itself. An authority
//! that comes to look for a proof gets that or nothing; a caller gets the managed one for
//! the name he asks for, else what the listener's files have.
//! Must never: show a proof to anybody who offers another protocol beside it, or anything
//! else to whoever asks for a proof.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::acme::board::{ALPN, Board};
use crate::acme::shelf::Slot;
use crate::acme::wanted::Wanted;

/// The certificates of one listener.
pub struct Resolver {
    board: Arc<Board>,
    managed: HashMap<String, Arc<Slot>>,
    /// For callers who ask for no name, where the listener has no files.
    first: Option<Arc<Slot>>,
    files: Arc<dyn ResolvesServerCert>,
}

impl Resolver {
    /// Looks at these before `files`.
    pub fn new(board: Arc<Board>, managed: &[(&Wanted, Arc<Slot>)], files: Arc<dyn ResolvesServerCert>) -> Resolver {
        let mut by_name = HashMap::new();
        for (wanted, slot) in managed {
            for name in &wanted.names {
                by_name.entry(name.clone()).or_insert_with(|| Arc::clone(slot));
            }
        }
        let first = managed.first().map(|(_, slot)| Arc::clone(slot));
        Resolver { board, managed: by_name, first, files }
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        if hello.alpn().is_some_and(|offered| offered.eq([ALPN])) {
            return self.board.certificate(name.as_deref()?);
        }
        let managed = name.and_then(|name| self.managed.get(&name)).and_then(|slot| slot.certified());
        managed.or_else(|| self.files.resolve(hello)).or_else(|| self.first.as_ref()?.certified())
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("managed", &self.managed.keys()).finish_non_exhaustive()
    }
}
