//! A small authority that speaks ACME (RFC 8555) over TLS, of the tests' own: checks
//! nonces, signatures and URLs, looks for the proofs where names lead, and signs what a
//! request asks for. Everything is in memory; whatever a caller does that the protocol
//! does not allow is written down as a fault.

mod books;
mod endpoints;
mod jws;
mod look;
mod wire;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tollgate::clock::{Clock, SystemClock};

use crate::authority::Authority;
use books::Books;
pub use books::{Fault, Script};
pub use look::{connect, handshake};

/// How long a test waits for something here.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running authority.
pub struct AcmeAuthority {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    signer: Authority,
    clock: Arc<dyn Clock>,
    books: Mutex<Books>,
    moved: Condvar,
}

impl AcmeAuthority {
    /// Starts one with a TLS certificate of `web`, on any port.
    pub fn start(web: &Authority, script: Script) -> AcmeAuthority {
        AcmeAuthority::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), web, script, Arc::new(SystemClock))
    }

    /// The same at an address, by a clock.
    pub fn start_at(address: SocketAddr, web: &Authority, script: Script, clock: Arc<dyn Clock>) -> AcmeAuthority {
        let issued = web.issue("localhost", &["localhost"]);
        let key = PrivateKeyDer::from_pem_slice(issued.key.as_bytes()).expect("PEM");
        let chain = vec![CertificateDer::from_pem_slice(issued.certificate.as_bytes()).expect("PEM")];
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a pair");
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("bound");
        let books = Mutex::new(Books { script, ..Books::default() });
        let signer = Authority::new("signer of the test");
        let shared = Arc::new(Shared { address, signer, clock, books, moved: Condvar::new() });
        wire::serve(listener, Arc::new(config), Arc::clone(&shared));
        AcmeAuthority { shared }
    }

    /// Its directory's URL.
    pub fn directory(&self) -> String {
        self.shared.url("/directory")
    }

    /// Says where all names lead: to a clear listener and a TLS one.
    pub fn lead_to(&self, clear: SocketAddr, tls: SocketAddr) {
        self.change(|books| books.targets = Some((clear, tls)));
    }

    /// Changes what is known or intended.
    pub fn change(&self, change: impl FnOnce(&mut Books)) {
        change(&mut self.shared.books());
        self.shared.moved.notify_all();
    }

    /// Asks what is known.
    pub fn ask<T>(&self, ask: impl FnOnce(&Books) -> T) -> T {
        ask(&self.shared.books())
    }

    /// Waits until something is known.
    pub fn wait(&self, what: &str, done: impl Fn(&Books) -> bool) {
        let (books, timeout) = self
            .shared
            .moved
            .wait_timeout_while(self.shared.books(), PATIENCE, |books| !done(books))
            .expect("not poisoned");
        assert!(!timeout.timed_out(), "in vain: {what}; {:#?}", books.faults);
    }

    /// The certificates it has issued, the newest last.
    pub fn issued(&self) -> Vec<CertificateDer<'static>> {
        self.ask(|books| books.issued.clone())
    }

    /// Fails if a caller did what the protocol does not allow.
    pub fn assert_content(&self) {
        let faults = self.ask(|books| books.faults.clone());
        assert!(faults.is_empty(), "{faults:#?}");
    }
}

impl Shared {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().expect("not poisoned")
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }
}
