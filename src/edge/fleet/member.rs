//! One server at one address. A name with three addresses is three of these, since each
//! of them can be down by itself.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::balance::gate::Gate;
use crate::balance::rendezvous;
use crate::balance::vital::Vital;
use crate::edge::fleet::load::Load;
use crate::snapshot::Server;

/// Where connections go.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Address {
    /// Over the network.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(Box<Path>),
    /// Nowhere: the built-in backend.
    Builtin,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => address.fmt(f),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
            Address::Builtin => f.write_str("builtin:echo"),
        }
    }
}

/// One server at one address, as the file says it is.
#[derive(Debug)]
pub struct Member {
    /// What the file says.
    pub server: Server,
    /// Where it is now.
    pub address: Address,
    /// The address as logs and metrics write it.
    pub label: Arc<str>,
    /// Tells it apart where a key chooses; the same in every process.
    pub seed: u64,
    /// What has happened to it; kept over reloads.
    pub state: Arc<State>,
}

/// What has happened to a server since it came.
#[derive(Debug, Default)]
pub struct State {
    /// Whether it may be asked.
    pub vital: Vital,
    /// Requests under way, of all workers.
    pub load: Load,
    /// Requests under way, counted where they are bounded.
    pub requests: Gate,
    /// Connections, of all workers.
    pub connections: Gate,
    /// Times it was passed over.
    pub ejections: AtomicU64,
    /// Active checks that found it well.
    pub checks_good: AtomicU64,
    /// Active checks that did not.
    pub checks_bad: AtomicU64,
}

impl State {
    /// Of a server that nothing has happened to, for so many workers.
    pub fn of(workers: usize) -> State {
        State { load: Load::of(workers), ..State::default() }
    }
}

impl Member {
    /// The server `server` at `address`.
    pub fn new(server: Server, address: Address, state: Arc<State>) -> Member {
        let label = address.to_string();
        Member { seed: rendezvous::hash(label.as_bytes()), label: label.into(), server, address, state }
    }

    /// Whether it may be asked, and how much of its weight it may get.
    pub fn vital(&self) -> &Vital {
        &self.state.vital
    }

    /// Whether connections to `other` would serve for it as well.
    pub fn is_reached_as(&self, other: &Member) -> bool {
        self.address == other.address && self.server.tls == other.server.tls
    }
}

/// One more of what is counted.
pub fn count(cell: &AtomicU64) {
    cell.fetch_add(1, Ordering::Relaxed);
}
