//! The backends of one snapshot, laid out for a worker: made at the first request
//! under a new snapshot, read by all others. Connections to servers that are still
//! in the file survive a reload; those of the others are closed.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::edge::headers::Screen;
use crate::edge::traffic::shrinking::Shrinking;
use crate::edge::upstream::balance::{Balance, Target};
use crate::edge::upstream::pool::{Bounds, Pool, Tally};
use crate::snapshot::{Server, Snapshot, Upstream, World};
use crate::telemetry::layout::Layout as Names;
use crate::telemetry::meter::Meter;
use crate::traffic::limit::{Table, Tables};

/// What a worker derives from one snapshot.
pub struct Layout {
    generation: u64,
    /// Which of a caller's header lines may go on.
    pub screen: Screen,
    /// By upstream index.
    pub upstreams: Vec<Balance>,
    /// What each limit of the snapshot has counted.
    pub tables: Vec<Table>,
    /// Answers that are made smaller now.
    pub shrinking: Shrinking,
    /// Copies of requests that are under way.
    pub copies: Arc<AtomicUsize>,
    /// The worker's counters under the names of this snapshot.
    pub meter: Arc<Meter>,
    /// Whether the access log writes paths.
    pub logs_path: bool,
    /// What stands for a path that is not written: one for all, and of this worker.
    pub no_path: Arc<str>,
}

/// Upstream name, host, port.
type Key = (Arc<str>, Box<str>, u16);

/// Every connection of one worker to backends.
#[derive(Default)]
pub struct Pools {
    pools: HashMap<Key, Arc<Pool>>,
    layout: Option<Arc<Layout>>,
}

impl Pools {
    /// The layout of this world; made anew when the world is. `meter` is any meter of
    /// this worker, `counted` what all workers have counted.
    pub fn layout(&mut self, world: &World, meter: &Meter, counted: &Tables) -> Arc<Layout> {
        if let Some(layout) = &self.layout
            && layout.generation == world.generation
        {
            return Arc::clone(layout);
        }
        let snapshot = &*world.snapshot;
        let meter = meter.for_layout(world.generation, names(snapshot));
        let mut kept = HashMap::new();
        let mut balance = |(index, upstream)| {
            let tally = Tally { meter: Arc::clone(&meter), upstream: index };
            self.balance(upstream, &tally, &mut kept)
        };
        let upstreams = snapshot.upstreams.iter().enumerate().map(&mut balance).collect();
        for (_, gone) in std::mem::replace(&mut self.pools, kept) {
            gone.retire();
        }
        let layout = Arc::new(Layout {
            generation: world.generation,
            screen: Screen::of(&snapshot.plans),
            upstreams,
            tables: counted.of(&snapshot.limits),
            shrinking: Shrinking::default(),
            copies: Arc::default(),
            meter,
            logs_path: snapshot.access_log.path,
            no_path: "".into(),
        });
        self.layout = Some(Arc::clone(&layout));
        layout
    }

    fn balance(&mut self, upstream: &Upstream, tally: &Tally, kept: &mut HashMap<Key, Arc<Pool>>) -> Balance {
        let bounds = Bounds {
            idle: upstream.pool_idle,
            idle_timeout: upstream.pool_idle_timeout,
            open: upstream.max_connections,
            connect_timeout: upstream.connect_timeout,
        };
        let target = |server: &Server| match server {
            Server::Echo => Target::Echo,
            Server::Http { host, port, .. } => {
                let key = (Arc::clone(&upstream.name), host.clone(), *port);
                let known = kept.get(&key).cloned().or_else(|| self.pools.remove(&key));
                let pool = known.unwrap_or_else(|| Arc::new(Pool::new(host, *port, bounds, tally.clone())));
                pool.adapt(bounds, tally.clone());
                kept.insert(key, Arc::clone(&pool));
                Target::Http(pool)
            }
        };
        Balance::over(upstream.servers.iter().map(target).collect())
    }
}

/// The names under which a snapshot's parts are counted.
fn names(snapshot: &Snapshot) -> Names {
    Names {
        routes: snapshot.policy.route_names.clone(),
        upstreams: snapshot.upstreams.iter().map(|upstream| Arc::clone(&upstream.name)).collect(),
        listeners: snapshot.listeners.iter().map(|listener| Arc::clone(&listener.name)).collect(),
    }
}
