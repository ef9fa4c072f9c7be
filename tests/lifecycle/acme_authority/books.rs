//! What the authority knows, and what its test intends.

use std::collections::{HashMap, HashSet, VecDeque};
use std::net::SocketAddr;

use rustls_pki_types::CertificateDer;
use serde_json::{Value, json};

/// What the test intends.
#[derive(Default)]
pub struct Script {
    /// The challenge that is offered; any other one beside it leads nowhere.
    pub challenge: &'static str,
    /// So many good nonces are refused.
    pub bad_nonces: usize,
    /// Orders are refused in these words, one each.
    pub refusals: VecDeque<Fault>,
    /// Seconds before and after now that certificates are valid, one each; then 90 days.
    pub lives: VecDeque<(u64, u64)>,
    /// While true, nobody goes to look for proofs.
    pub hold: bool,
    /// When certificates should be renewed (RFC 9773), in Unix time; `None`: no advice is given.
    pub advice: Option<(u64, u64)>,
    /// Accounts have to be bound to this one: key id and HMAC key.
    pub external: Option<(&'static str, Vec<u8>)>,
}

/// A problem (RFC 8555 §6.7).
#[derive(Clone, Debug)]
pub struct Fault {
    /// The last word of its type.
    pub kind: &'static str,
    /// What is said.
    pub detail: String,
    /// When to come again.
    pub retry_after: Option<u64>,
}

impl Fault {
    /// The document.
    pub fn document(&self) -> Value {
        json!({ "type": format!("urn:ietf:params:acme:error:{}", self.kind), "detail": self.detail })
    }
}

/// What the authority knows.
#[derive(Default)]
pub struct Books {
    /// What the test intends.
    pub script: Script,
    /// Nonces that were given and not used.
    pub nonces: HashSet<String>,
    /// Keys of accounts, by number.
    pub accounts: HashMap<String, Value>,
    /// Addresses that accounts may be written to.
    pub contacts: Vec<Value>,
    /// All orders, by number.
    pub orders: Vec<Order>,
    /// What was signed, in DER, the newest last.
    pub issued: Vec<CertificateDer<'static>>,
    /// Times that it went to look for a proof.
    pub looks: usize,
    /// What was not as it should be.
    pub faults: Vec<String>,
    /// Where names lead: the clear listener, and the TLS one.
    pub targets: Option<(SocketAddr, SocketAddr)>,
}

/// An order.
#[derive(Clone, Default)]
pub struct Order {
    /// Whose it is.
    pub account: String,
    /// Each name with its token.
    pub names: Vec<Name>,
    /// The chain in PEM, once it is signed.
    pub chain: Option<String>,
    /// The certificate that it replaces, as it was named.
    pub replaces: Option<Value>,
}

/// A name of an order.
#[derive(Clone)]
pub struct Name {
    /// The host name.
    pub name: String,
    /// What its proof is found by.
    pub token: String,
    /// What came of it.
    pub state: State,
}

/// What came of a challenge.
#[derive(Clone, PartialEq, Debug)]
pub enum State {
    /// Nobody has asked for it.
    Pending,
    /// Somebody goes to look.
    Processing,
    /// It is proven.
    Valid,
    /// It is not, for this reason.
    Invalid(String),
}

impl State {
    /// The word for it (RFC 8555 §7.1.6).
    pub fn word(&self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Processing => "processing",
            State::Valid => "valid",
            State::Invalid(_) => "invalid",
        }
    }
}

impl Order {
    /// The word for how it stands.
    pub fn word(&self) -> &'static str {
        if self.names.iter().any(|name| matches!(name.state, State::Invalid(_))) {
            "invalid"
        } else if self.chain.is_some() {
            "valid"
        } else if self.names.iter().all(|name| name.state == State::Valid) {
            "ready"
        } else {
            "pending"
        }
    }
}
