//! What all workers and the shared runtime hold in common. Everything in here is
//! either immutable, an atomic, or has its own lock that no request waits on.
//! Must never: hold what one worker could keep for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use crate::acme::board::Board;
use crate::clock::Clock;
use crate::edge::drain::Drain;
use crate::edge::fleet::Fleet;
use crate::edge::listen::callers::Callers;
use crate::edge::listen::complaint::Complaints;
use crate::edge::listen::half_open::HalfOpen;
use crate::edge::memory::Memory;
use crate::oauth::service::Service;
use crate::revocation::list::List;
use crate::snapshot::World;
use crate::store::{self, Store};
use crate::telemetry::Telemetry;
use crate::token::fingerprint::Fingerprinter;
use crate::traffic::limit::Tables;
use crate::users::{self, HashingPool};

/// The issuers' service as this process builds it: on the embedded store, with
/// hashing threads, both measured.
pub type IssuerService = Service<store::measured::Measured<Store>, users::measured::Measured<HashingPool>>;

/// The process as its workers see it.
pub struct Shared {
    /// What the operator said, and which keys are live.
    pub worlds: Worlds,
    /// Tokens that were called back.
    pub revoked: Arc<List>,
    /// Keys of the verdict caches.
    pub fingerprints: Fingerprinter,
    /// The wall clock; read once per request.
    pub clock: Arc<dyn Clock>,
    /// The issuer's service; what holds a thread runs on `runtime`, the rest on the worker.
    pub service: Arc<IssuerService>,
    /// The shared runtime: store, hashing, admin, tails.
    pub runtime: tokio::runtime::Handle,
    /// The servers behind upstreams.
    pub fleet: Arc<Fleet>,
    /// Metrics and logs.
    pub telemetry: Arc<Telemetry>,
    /// When the store's log was last read, in Unix seconds; the follower writes it.
    pub last_sync: Arc<AtomicU64>,
    /// Proofs for authorities that come to look whether a name is ours.
    pub proofs: Arc<Board>,
    /// How far the end has come.
    pub drain: Drain,
    /// What the limits of routes have counted.
    pub limits: Tables,
    /// How much memory the process holds.
    pub memory: Memory,
    /// Connections per listener, in the listeners' order.
    pub doors: Vec<DoorCount>,
    /// Connections of all listeners together.
    pub crowd: Crowd,
}

/// The current world. Workers compare the generation, one load, and take a copy of
/// their own only when it has changed.
#[derive(Debug)]
pub struct Worlds {
    current: ArcSwap<World>,
    generation: AtomicU64,
}

impl Worlds {
    /// Begins with `first`.
    pub fn new(first: World) -> Worlds {
        let generation = AtomicU64::new(first.generation);
        Worlds { current: ArcSwap::from_pointee(first), generation }
    }

    /// The current world.
    pub fn load(&self) -> Arc<World> {
        self.current.load_full()
    }

    /// The generation of the current world.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Puts the world that `next` makes of the present one in its place, one
    /// generation on. `next` may run more than once if others swap at the same time.
    pub fn replace(&self, next: impl Fn(&World) -> World) -> Arc<World> {
        self.current.rcu(|present| {
            let mut made = next(present);
            made.generation = present.generation + 1;
            made
        });
        let now = self.current.load_full();
        self.generation.fetch_max(now.generation, Ordering::AcqRel);
        now
    }
}

/// How many connections of one listener are open, over all workers, and whose.
#[derive(Debug, Default)]
pub struct DoorCount {
    open: AtomicUsize,
    /// By address, where the listener's limits ask for that.
    pub callers: Callers,
    /// Those whose TLS handshake is under way.
    pub half_open: HalfOpen,
    /// Those that came to nothing.
    pub complaints: Complaints,
}

impl DoorCount {
    /// Counts one more if that keeps within `limit`; otherwise nobody entered.
    pub(in crate::edge) fn enter(&self, limit: usize) -> Entry {
        if self.open.fetch_add(1, Ordering::AcqRel) < limit {
            Entry::Granted
        } else {
            self.leave();
            Entry::Full
        }
    }

    /// Counts one less: somebody who was granted entry has gone.
    pub(in crate::edge) fn leave(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }

    /// Open now.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Acquire)
    }
}

/// All connections of callers, under what the process's descriptors are enough for. A
/// gateway that spent its last descriptor on a caller could reach neither its backends
/// nor its store; so a connection more is closed at once, as at a listener's own limit.
#[derive(Debug)]
pub struct Crowd {
    open: DoorCount,
    limit: AtomicUsize,
}

impl Crowd {
    /// At most `limit` at once.
    pub fn of(limit: usize) -> Crowd {
        Crowd { open: DoorCount::default(), limit: AtomicUsize::new(limit) }
    }

    /// Counts one more, if the descriptors are enough for it.
    pub(in crate::edge) fn enter(&self) -> Entry {
        self.open.enter(self.limit.load(Ordering::Relaxed))
    }

    /// At most `limit` from now on; whoever is in stays.
    pub fn limit_to(&self, limit: usize) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Somebody who was granted entry has gone.
    pub(in crate::edge) fn leave(&self) {
        self.open.leave();
    }
}

impl Default for Crowd {
    /// As many as the listeners let in.
    fn default() -> Crowd {
        Crowd::of(usize::MAX)
    }
}

/// Whether a connection fits under its listener's limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::edge) enum Entry {
    /// It was counted, and must leave.
    Granted,
    /// It was not.
    Full,
}

#[cfg(test)]
mod tests {
    use super::{Crowd, DoorCount, Entry};

    #[test]
    fn a_crowd_ends_at_its_limit_and_goes_on_when_somebody_leaves() {
        let crowd = Crowd::of(1);
        assert_eq!((crowd.enter(), crowd.enter()), (Entry::Granted, Entry::Full));
        crowd.leave();
        assert_eq!(crowd.enter(), Entry::Granted);
    }

    #[test]
    fn a_full_door_stays_as_full_as_it_was() {
        let door = DoorCount::default();
        assert_eq!(door.enter(2), Entry::Granted);
        assert_eq!(door.enter(2), Entry::Granted);
        assert_eq!(door.enter(2), Entry::Full);
        assert_eq!(door.open(), 2);
        door.leave();
        assert_eq!(door.enter(2), Entry::Granted);
    }
}
