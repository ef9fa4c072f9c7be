//! Those who wait for a connection: bounded in this worker and, where the file says so,
//! over all of them. Whoever waits for what another worker may hold says that he hungers.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::edge::fleet::group::Group;
use crate::snapshot::upstream::Limits;

/// Requests that wait for a connection of one server at once; more are refused at once.
const MAX_WAITING: usize = 1024;

/// A place among those who wait.
pub struct Waiting<'a> {
    here: &'a AtomicUsize,
    group: &'a Group,
    /// Whether other workers may hold what it waits for.
    shared: bool,
}

impl Waiting<'_> {
    /// One more waits, if there is a place. `here` counts those of this worker.
    pub fn join<'a>(here: &'a AtomicUsize, group: &'a Group, limits: Limits) -> Option<Waiting<'a>> {
        let shared = limits.connections.is_some() || limits.server_connections.is_some();
        // Who only waits until another worker lets an idle connection go waits for nobody's
        // request: that is no more than a connection takes to be made.
        let spare = if shared { group.idle() } else { 0 };
        if !group.pending.enter(limits.pending.unwrap_or(usize::MAX).saturating_add(spare)) {
            return None;
        }
        if here.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            here.fetch_sub(1, Ordering::Relaxed);
            group.pending.leave();
            return None;
        }
        if shared {
            group.hungers();
        }
        Some(Waiting { here, group, shared })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.here.fetch_sub(1, Ordering::Relaxed);
        self.group.pending.leave();
        if self.shared {
            self.group.is_fed();
        }
    }
}
