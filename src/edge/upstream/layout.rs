//! The backends of one snapshot, laid out for a worker: made at the first request
//! under a new snapshot or after servers have changed, read by all others. Connections
//! to servers that are still there survive; those of the others are closed.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use crate::edge::fleet::Fleet;
use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::{Address, Member};
use crate::edge::forward::headers::Screen;
use crate::edge::traffic::shrinking::Shrinking;
use crate::edge::upstream::balance::{Balance, Target};
use crate::edge::upstream::bounds::Bounds;
use crate::edge::upstream::pool::{Pool, Tally};
use crate::snapshot::{Snapshot, Upstream, World};
use crate::telemetry::layout::Layout as Names;
use crate::telemetry::meter::Meter;
use crate::traffic::limit::{Table, Tables};

/// What a worker derives from one snapshot.
pub struct Layout {
    /// The world that it is of.
    pub world: Arc<World>,
    /// Of the fleet.
    revision: u64,
    /// Which of a caller's header lines may go on.
    pub screen: Arc<Screen>,
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
}

/// Every connection of one worker to backends.
pub struct Pools {
    fleet: Arc<Fleet>,
    worker: usize,
    /// With their upstreams' names.
    pools: Vec<(Arc<str>, Arc<Pool>)>,
    layout: Option<Arc<Layout>>,
}

impl Pools {
    /// No connections yet. `worker` is the number of the worker they will belong to.
    pub fn new(fleet: Arc<Fleet>, worker: usize) -> Pools {
        Pools { fleet, worker, pools: Vec::new(), layout: None }
    }

    /// The layout that was made last, if it is of this generation and the servers are the same.
    pub fn present(&self, generation: u64) -> Option<Arc<Layout>> {
        let fits =
            |layout: &&Arc<Layout>| layout.world.generation == generation && layout.revision == self.fleet.revision();
        self.layout.as_ref().filter(fits).map(Arc::clone)
    }

    /// The layout of this world; made anew when the world is, or the servers are.
    /// `meter` is any meter of this worker, `counted` what all workers have counted.
    pub fn layout(&mut self, world: &Arc<World>, meter: &Meter, counted: &Tables) -> Arc<Layout> {
        if let Some(layout) = self.present(world.generation) {
            return layout;
        }
        let revision = self.fleet.revision();
        let snapshot = &*world.snapshot;
        let meter = match &self.layout {
            Some(layout) if layout.world.generation == world.generation => Arc::clone(&layout.meter),
            Some(_) | None => meter.for_layout(world.generation, names(snapshot)),
        };
        let mut kept = Vec::new();
        let mut upstreams = Vec::new();
        for (index, upstream) in snapshot.upstreams.iter().enumerate() {
            let tally = Tally { meter: Arc::clone(&meter), upstream: index };
            upstreams.push(self.balance(upstream, &tally, &mut kept));
        }
        for (_, gone) in std::mem::replace(&mut self.pools, kept) {
            if !self.pools.iter().any(|(_, pool)| Arc::ptr_eq(pool, &gone)) {
                gone.retire();
            }
        }
        let layout = Arc::new(Layout {
            world: Arc::clone(world),
            revision,
            screen: Arc::new(Screen::of(&snapshot.plans, &snapshot.policy.token_headers)),
            upstreams,
            tables: counted.of(&snapshot.limits),
            shrinking: Shrinking::default(),
            copies: Arc::default(),
            meter,
            logs_path: snapshot.access_log.path,
        });
        self.layout = Some(Arc::clone(&layout));
        layout
    }

    fn balance(&self, upstream: &Upstream, tally: &Tally, kept: &mut Vec<(Arc<str>, Arc<Pool>)>) -> Balance {
        let bounds = Bounds::of(upstream);
        let group = self.fleet.group(&upstream.name);
        let target = |member: &Arc<Member>| match member.address {
            Address::Builtin => Target::Echo(Arc::clone(member)),
            Address::Tcp(_) | Address::Unix(_) => {
                let fresh = || Pool::new(Arc::clone(&group), Arc::clone(member), bounds, tally.clone(), self.worker);
                let pool = self.known(&upstream.name, &group, member).unwrap_or_else(|| Arc::new(fresh()));
                pool.adapt(bounds, tally.clone());
                kept.push((Arc::clone(&upstream.name), Arc::clone(&pool)));
                Target::Http { member: Arc::clone(member), pool }
            }
        };
        let targets = group.members().iter().map(target).collect();
        Balance::over(targets, upstream, &group, self.worker)
    }

    /// The pool whose connections serve for `member` as well.
    fn known(&self, upstream: &Arc<str>, group: &Arc<Group>, member: &Member) -> Option<Arc<Pool>> {
        let fits = |(name, pool): &&(Arc<str>, Arc<Pool>)| name == upstream && pool.serves(group, member);
        self.pools.iter().find(fits).map(|(_, pool)| Arc::clone(pool))
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
