//! The backends of one snapshot, laid out for a worker: made at the first request
//! under a new snapshot, read by all others. Connections to servers that are still
//! in the file survive a reload; those of the others are closed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::edge::headers::Screen;
use crate::edge::upstream::balance::{Balance, Target};
use crate::edge::upstream::pool::{Bounds, Pool};
use crate::snapshot::{Server, Upstream, World};

/// What a worker derives from one snapshot.
#[derive(Debug)]
pub struct Layout {
    generation: u64,
    /// Which of a caller's header lines may go on.
    pub screen: Screen,
    /// By upstream index.
    pub upstreams: Vec<Balance>,
}

/// Upstream name, host, port.
type Key = (Arc<str>, Box<str>, u16);

/// Every connection of one worker to backends.
#[derive(Debug, Default)]
pub struct Pools {
    pools: HashMap<Key, Arc<Pool>>,
    layout: Option<Arc<Layout>>,
}

impl Pools {
    /// The layout of this world; made anew when the world is.
    pub fn layout(&mut self, world: &World) -> Arc<Layout> {
        if let Some(layout) = &self.layout
            && layout.generation == world.generation
        {
            return Arc::clone(layout);
        }
        let mut kept = HashMap::new();
        let upstreams = world.snapshot.upstreams.iter().map(|upstream| self.balance(upstream, &mut kept)).collect();
        for (_, gone) in std::mem::replace(&mut self.pools, kept) {
            gone.retire();
        }
        let screen = Screen::of(&world.snapshot.plans);
        let layout = Arc::new(Layout { generation: world.generation, screen, upstreams });
        self.layout = Some(Arc::clone(&layout));
        layout
    }

    fn balance(&mut self, upstream: &Upstream, kept: &mut HashMap<Key, Arc<Pool>>) -> Balance {
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
                let pool = known.unwrap_or_else(|| Arc::new(Pool::new(host, *port, bounds)));
                pool.set_bounds(bounds);
                kept.insert(key, Arc::clone(&pool));
                Target::Http(pool)
            }
        };
        Balance::over(upstream.servers.iter().map(target).collect())
    }
}
