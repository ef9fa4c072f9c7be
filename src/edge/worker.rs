//! One thread of the data plane and what belongs to it alone: its view of the world,
//! its verdict cache, its upstream connections, its counters. The locks are there for
//! the compiler; nobody else ever waits on them.
//! Must never: be reached from another worker, or hold a lock over an `.await`.

pub mod crew;
pub mod dice;
pub mod heartbeat;
pub mod pulse;
pub mod spare;
pub mod wave;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use crate::access::seen::Seen;
use crate::edge::credential::inquiry::{self, Inquiries};
use crate::edge::lifeline::Lifelines;
use crate::edge::shared::Shared;
use crate::edge::upstream::layout::{Layout, Pools};
use crate::edge::worker::pulse::Pulses;
use crate::oauth::store::Access;
use crate::snapshot::{Snapshot, World};
use crate::telemetry::meter::Meter;
use crate::telemetry::outcome::Inquired;
use crate::token::id::IssuerName;

/// A worker.
pub struct Worker {
    /// What it shares with the others.
    pub shared: Arc<Shared>,
    /// Which one it is, from 0.
    pub index: usize,
    /// Time-outs of its connections, to the front and to the back.
    pub pulses: Pulses,
    /// Its verdict cache.
    pub seen: Mutex<Seen>,
    /// Its upstream connections.
    pub pools: Mutex<Pools>,
    /// Its exchanges that last, and may be ended with their tokens.
    pub lifelines: Lifelines,
    /// Its questions to the store about opaque tokens, by digest.
    pub tokens: Inquiries<[u8; 32], Option<Arc<Access>>>,
    /// Its questions whether a text is an application's key, by issuer and digest.
    pub keys: Inquiries<(IssuerName, [u8; 32]), bool>,
    /// Its counters, under no names yet: `Meter::for_layout` gives them those of a
    /// snapshot.
    pub meter: Arc<Meter>,
    /// Its own copy of the world: the reference count of one that all workers share
    /// would travel between the cores with every request.
    world: Mutex<Arc<World>>,
    connections: AtomicUsize,
    last_left: Notify,
}

impl Worker {
    /// A worker of the present world.
    pub fn new(shared: Arc<Shared>, index: usize) -> Arc<Worker> {
        let world = own_copy(&shared.worlds.load());
        let pulses = Pulses::default();
        pulses.fit(shortest_timeout(&world.snapshot));
        Arc::new(Worker {
            index,
            pulses,
            seen: Mutex::new(Seen::new(world.snapshot.cache_entries)),
            pools: Mutex::new(Pools::new(Arc::clone(&shared.fleet), index)),
            lifelines: Lifelines::default(),
            tokens: Inquiries::of(Inquired::Token, inquiry::TOKENS),
            keys: Inquiries::of(Inquired::ApplicationKey, inquiry::KEYS),
            meter: shared.telemetry.meter(index),
            world: Mutex::new(world),
            connections: AtomicUsize::new(0),
            last_left: Notify::new(),
            shared,
        })
    }

    /// The world of a request that begins now; hold it to the end of the request. The
    /// first request of a new generation pays for the change of everything derived.
    pub fn world(&self) -> Arc<World> {
        let mut mine = lock(&self.world);
        if mine.generation != self.shared.worlds.generation() {
            *mine = own_copy(&self.shared.worlds.load());
            *lock(&self.seen) = Seen::new(mine.snapshot.cache_entries);
            self.pulses.fit(shortest_timeout(&mine.snapshot));
        }
        Arc::clone(&mine)
    }

    /// The layout of the world of a request that begins now; as `world`.
    pub fn layout(&self) -> Arc<Layout> {
        let mut pools = lock(&self.pools);
        if let Some(layout) = pools.present(self.shared.worlds.generation()) {
            return layout;
        }
        let world = self.world();
        pools.layout(&world, &self.meter, &self.shared.limits)
    }

    /// Open connections to callers.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    /// Counts a connection, which must be closed again.
    pub(in crate::edge) fn connection_opened(&self) {
        self.connections.fetch_add(1, Ordering::AcqRel);
    }

    /// Counts it no more, and tells whoever waits for the last one.
    pub(in crate::edge) fn connection_closed(&self) {
        if self.connections.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.last_left.notify_one();
        }
    }

    /// Waits until no connection is open. One waiter at a time.
    pub(in crate::edge) async fn emptied(&self) {
        while self.connections() > 0 {
            self.last_left.notified().await;
        }
    }
}

/// Locks what only this worker's thread touches; a panic in one request must not take
/// the worker's other requests with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn own_copy(world: &World) -> Arc<World> {
    Arc::new(World { generation: world.generation, snapshot: Arc::clone(&world.snapshot), rings: world.rings.clone() })
}

fn shortest_timeout(snapshot: &Snapshot) -> Duration {
    let doors = snapshot.listeners.iter().flat_map(|listener| {
        let limits = &listener.limits;
        [limits.header_timeout, limits.idle_timeout, limits.body_timeout]
    });
    let plans = snapshot.plans.iter().flat_map(|plan| {
        [Some(plan.first_byte_timeout), Some(plan.idle_timeout), plan.total_timeout].into_iter().flatten()
    });
    doors.chain(plans).min().unwrap_or(Duration::MAX)
}
