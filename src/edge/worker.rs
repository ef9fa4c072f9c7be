//! One thread of the data plane and what belongs to it alone: its view of the world,
//! its verdict cache, its upstream connections, its counters. The locks are there for
//! the compiler; nobody else ever waits on them.
//! Must never: be reached from another worker, or hold a lock over an `.await`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;

use crate::edge::placeholder::{Pools, Seen};
use crate::edge::pulse::Pulses;
use crate::edge::shared::Shared;
use crate::snapshot::{Snapshot, World};
use crate::telemetry::layout::Layout;
use crate::telemetry::meter::Meter;

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
    view: Mutex<View>,
    connections: AtomicUsize,
    last_left: Notify,
}

/// What a request sees of its surroundings, taken once when it begins.
#[derive(Clone)]
pub struct View {
    /// The worker's own copy of the world: the reference count of one that all workers
    /// share would travel between the cores with every request.
    pub world: Arc<World>,
    /// The worker's counters under that world's names.
    pub meter: Arc<Meter>,
}

impl Worker {
    /// A worker of the present world.
    pub fn new(shared: Arc<Shared>, index: usize) -> Arc<Worker> {
        let view = View::of(&shared.worlds.load(), &shared.telemetry.meter(index));
        let pulses = Pulses::default();
        pulses.fit(shortest_timeout(&view.world.snapshot));
        Arc::new(Worker {
            index,
            pulses,
            seen: Mutex::default(),
            pools: Mutex::default(),
            view: Mutex::new(view),
            connections: AtomicUsize::new(0),
            last_left: Notify::new(),
            shared,
        })
    }

    /// What a request that begins now sees; hold it to the end of the request. The
    /// first request of a new generation pays for the change of everything derived.
    pub fn view(&self) -> View {
        let mut mine = lock(&self.view);
        if mine.world.generation != self.shared.worlds.generation() {
            *mine = View::of(&self.shared.worlds.load(), &mine.meter);
            lock(&self.seen).clear();
            self.pulses.fit(shortest_timeout(&mine.world.snapshot));
        }
        mine.clone()
    }

    /// The world of a request that begins now, where no counter is needed.
    pub fn world(&self) -> Arc<World> {
        self.view().world
    }

    /// Open connections to callers.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Acquire)
    }

    pub(in crate::edge) fn connection_opened(&self) {
        self.connections.fetch_add(1, Ordering::AcqRel);
    }

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

impl View {
    fn of(world: &World, meter: &Meter) -> View {
        let snapshot = Arc::clone(&world.snapshot);
        let layout = Layout {
            routes: snapshot.policy.route_names.clone(),
            upstreams: snapshot.upstreams.iter().map(|upstream| Arc::clone(&upstream.name)).collect(),
            listeners: snapshot.listeners.iter().map(|listener| Arc::clone(&listener.name)).collect(),
        };
        let meter = meter.for_layout(world.generation, layout);
        let world = World { generation: world.generation, snapshot, rings: world.rings.clone() };
        View { world: Arc::new(world), meter }
    }
}

fn shortest_timeout(snapshot: &Snapshot) -> Duration {
    let doors = snapshot.listeners.iter().flat_map(|listener| {
        let limits = &listener.limits;
        [limits.header_timeout, limits.idle_timeout, limits.body_timeout]
    });
    let plans = snapshot.plans.iter().flat_map(|plan| [plan.first_byte_timeout, plan.idle_timeout]);
    doors.chain(plans).min().unwrap_or(Duration::MAX)
}
