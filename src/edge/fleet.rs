//! The servers behind all upstreams as this process knows them now: their addresses,
//! whether they are up, what is under way to them. One for all workers, and it outlives
//! every snapshot: a reload changes who is in it, and whoever stays keeps his state.
//! Must never: be asked for more than a few atomics on the way of a request.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::edge::fleet::group::Group;
use crate::edge::fleet::names::Names;
use crate::snapshot::{Snapshot, Upstream};

pub mod checkup;
pub mod group;
pub mod load;
pub mod lookup;
pub mod member;
pub mod names;
pub mod probe;
pub mod resolver;
pub mod sight;

/// Every upstream's servers.
#[derive(Debug)]
pub struct Fleet {
    workers: usize,
    roll: Mutex<Roll>,
    /// Grows whenever some upstream's servers are others than before; workers look at it
    /// once a request and lay their upstreams out anew.
    revision: AtomicU64,
    /// Rung when there may be names to look up.
    asked: Notify,
    /// Rung when a look-up has ended.
    learnt: Notify,
    /// Rung when servers, or what is checked about them, have changed.
    changed: Notify,
}

#[derive(Debug, Default)]
struct Roll {
    groups: HashMap<Arc<str>, Arc<Group>>,
    names: Names,
}

impl Fleet {
    /// The servers of `snapshot`, for so many workers. Those named by name have no
    /// address until somebody looks them up.
    pub fn of(snapshot: &Snapshot) -> Arc<Fleet> {
        Fleet::new(snapshot.fixed.workers, &snapshot.upstreams)
    }

    /// The servers of these upstreams.
    pub fn new(workers: usize, upstreams: &[Upstream]) -> Arc<Fleet> {
        let fleet = Fleet {
            workers,
            roll: Mutex::default(),
            revision: AtomicU64::new(1),
            asked: Notify::new(),
            learnt: Notify::new(),
            changed: Notify::new(),
        };
        fleet.adapt(upstreams);
        Arc::new(fleet)
    }

    /// Takes in what a snapshot that is about to be in force says. Upstreams it does not
    /// have stay until `prune`, for requests that began under the snapshot before.
    pub fn adapt(&self, upstreams: &[Upstream]) {
        let mut roll = self.lock();
        let Roll { groups, names } = &mut *roll;
        names.adapt(upstreams);
        for upstream in upstreams {
            let fresh = || Arc::new(Group::new(Arc::clone(&upstream.name), self.workers));
            let group = groups.entry(Arc::clone(&upstream.name)).or_insert_with(fresh);
            group.adapt(Arc::new(upstream.clone()), names);
        }
        drop(roll);
        self.tell();
        self.asked.notify_one();
    }

    /// Forgets the upstreams that the snapshot now in force does not have.
    pub fn prune(&self, upstreams: &[Upstream]) {
        let mut roll = self.lock();
        roll.groups.retain(|name, _| upstreams.iter().any(|upstream| upstream.name == *name));
        drop(roll);
        self.tell();
    }

    /// Takes in what a look-up found: addresses, or that it failed.
    pub fn learn(&self, host: &str, answer: std::io::Result<Vec<IpAddr>>) {
        let mut roll = self.lock();
        let Roll { groups, names } = &mut *roll;
        let news = names.learn(host, answer);
        if news {
            groups.values().filter(|group| group.names(host)).for_each(|group| group.lay_out(names));
        }
        drop(roll);
        if news {
            self.tell();
        }
        self.learnt.notify_waiters();
    }

    /// The number of the present servers.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// The servers of one upstream; none if it is gone.
    pub fn group(&self, name: &Arc<str>) -> Arc<Group> {
        let known = self.lock().groups.get(name).cloned();
        known.unwrap_or_else(|| Arc::new(Group::new(Arc::clone(name), self.workers)))
    }

    /// Every upstream, by name.
    pub fn groups(&self) -> Vec<Arc<Group>> {
        let mut groups: Vec<_> = self.lock().groups.values().cloned().collect();
        groups.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        groups
    }

    fn tell(&self) {
        self.revision.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Roll> {
        self.roll.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
