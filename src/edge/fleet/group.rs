//! The servers of one upstream, and what all workers must agree on about them: how many
//! connections and requests there are, who is passed over, what retries may still add.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

use crate::balance::budget::{Budget, Verdict};
use crate::balance::condition::Fault;
use crate::balance::ejection::{Effect, judge};
use crate::balance::gate::Gate;
use crate::balance::vital::Vital;
use crate::edge::fleet::load::{Asked, cells};
use crate::edge::fleet::member::{Address, Member, State, count};
use crate::edge::fleet::names::Names;
use crate::edge::worker::pulse::Tick;
use crate::snapshot::upstream::Retry;
use crate::snapshot::{Site, Upstream};

/// One upstream's servers.
#[derive(Debug)]
pub struct Group {
    /// The upstream's key in the file.
    pub name: Arc<str>,
    /// What the file says; `None` where it says nothing any more.
    spec: Mutex<Option<Arc<Upstream>>>,
    members: ArcSwap<Vec<Arc<Member>>>,
    /// Requests under way, counted where they are bounded.
    pub requests: Gate,
    /// Connections, of all workers.
    pub connections: Gate,
    /// Requests that wait for a connection.
    pub pending: Gate,
    /// Requests that wait for a connection that another worker may hold.
    hungry: AtomicUsize,
    /// Rung for one of them when a connection is gone.
    pub room: Notify,
    /// Rung for all workers when somebody is hungry: idle connections are to go.
    pub hunger: Notify,
    /// Requests ever sent, by worker; each writes its own.
    asked: Asked,
    budget: Mutex<Option<Budget>>,
    judging: Mutex<()>,
    /// Retries that the budget did not allow.
    pub budget_exhausted: AtomicU64,
    /// Requests refused at a bound, by the bound.
    pub overflows: Overflows,
}

/// Requests refused at a bound.
#[derive(Debug, Default)]
pub struct Overflows {
    /// Too many requests under way.
    pub requests: AtomicU64,
    /// Too many that wait.
    pub pending: AtomicU64,
    /// No connection came free in time.
    pub connections: AtomicU64,
}

impl Group {
    /// An upstream of which nothing is known yet.
    pub fn new(name: Arc<str>, workers: usize) -> Group {
        Group {
            name,
            spec: Mutex::default(),
            members: ArcSwap::default(),
            requests: Gate::default(),
            connections: Gate::default(),
            pending: Gate::default(),
            hungry: AtomicUsize::new(0),
            room: Notify::new(),
            hunger: Notify::new(),
            asked: cells(workers),
            budget: Mutex::default(),
            judging: Mutex::default(),
            budget_exhausted: AtomicU64::new(0),
            overflows: Overflows::default(),
        }
    }

    /// What the file says about it.
    pub fn spec(&self) -> Option<Arc<Upstream>> {
        lock(&self.spec).clone()
    }

    /// The present servers, in the order of the file.
    pub fn members(&self) -> Arc<Vec<Arc<Member>>> {
        self.members.load_full()
    }

    /// Takes over what a snapshot says.
    pub(in crate::edge::fleet) fn adapt(&self, spec: Arc<Upstream>, names: &Names) {
        let unchecked = spec.health.is_none();
        let (now, allowance) = (Tick::now().moment(), spec.retry.budget);
        lock(&self.budget).get_or_insert_with(|| Budget::new(now, 0, allowance));
        *lock(&self.spec) = Some(spec);
        self.lay_out(names);
        if unchecked {
            self.members().iter().for_each(|member| member.vital().unchecked());
        }
    }

    /// Whether one of its servers is named by that name.
    pub(in crate::edge::fleet) fn names(&self, name: &str) -> bool {
        let named = |site: &Site| matches!(site, Site::Network { host, .. } if **host == *name);
        self.spec().is_some_and(|spec| spec.servers.iter().any(|server| named(&server.site)))
    }

    /// Lists its servers by their present addresses. Whoever was there before keeps his
    /// state; who comes to others begins slowly.
    pub(in crate::edge::fleet) fn lay_out(&self, names: &Names) {
        let Some(spec) = self.spec() else { return };
        let before = self.members();
        let mut members: Vec<Arc<Member>> = Vec::new();
        for server in &spec.servers {
            for address in addresses(&server.site, names) {
                if members.iter().any(|member| member.address == address) {
                    continue;
                }
                let mut member = Member::new(server.clone(), address, Arc::new(State::of(self.asked.len())));
                if let Some(known) = before.iter().find(|known| known.is_reached_as(&member)) {
                    member.state = Arc::clone(&known.state);
                    // The same settings made anew: the one before has sessions to resume.
                    member.server.tls = known.server.tls.clone();
                } else if !before.is_empty() {
                    member.vital().begin(Tick::now().moment());
                }
                members.push(Arc::new(member));
            }
        }
        self.members.store(Arc::new(members));
    }

    /// Connections that carry no request, of all workers and servers; what changes
    /// meanwhile may or may not be in it.
    pub fn idle(&self) -> usize {
        let idle = |member: &Arc<Member>| {
            let State { connections, load, .. } = &*member.state;
            connections.inside().saturating_sub(load.under_way())
        };
        self.members.load().iter().map(idle).sum()
    }

    /// Somebody waits for a connection that another worker may hold idle.
    pub fn hungers(&self) {
        self.hungry.fetch_add(1, Ordering::AcqRel);
        self.hunger.notify_waiters();
    }

    /// He waits no more.
    pub fn is_fed(&self) {
        self.hungry.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether idle connections are wanted elsewhere.
    pub fn is_hungry(&self) -> bool {
        self.hungry.load(Ordering::Relaxed) > 0
    }

    /// One more request is sent by `worker`.
    pub fn ask(&self, worker: usize) {
        // Nobody else writes this cell, so a load and a store do.
        if let Some(cell) = self.asked.get(worker) {
            cell.0.store(cell.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        }
    }

    /// Pays for one retry.
    pub fn may_retry(&self, retry: &Retry) -> Verdict {
        let now = Tick::now().moment();
        let asked = self.asked.iter().map(|cell| cell.0.load(Ordering::Relaxed)).sum();
        let mut budget = lock(&self.budget);
        let verdict = match &mut *budget {
            Some(budget) => budget.spend(now, asked, retry.budget),
            None => Verdict::Exhausted,
        };
        if verdict == Verdict::Exhausted {
            count(&self.budget_exhausted);
        }
        verdict
    }

    /// Something went wrong with a request to `state`'s server. Seldom, so it may lock.
    pub fn fault(&self, state: &Arc<State>, fault: Fault) {
        let Some(spec) = self.spec() else { return };
        if matches!(fault, Fault::Status(_)) && !spec.ejection.is_some_and(|rule| rule.on.has(fault)) {
            // An answer that does not count against the server is as good as any.
            return state.vital.well();
        }
        let members = self.members();
        let Some(index) = members.iter().position(|member| Arc::ptr_eq(&member.state, state)) else { return };
        let vitals: Vec<&Vital> = members.iter().map(|member| member.vital()).collect();
        let effect = {
            let _alone = lock(&self.judging);
            judge(&vitals, index, fault, spec.ejection, Tick::now().moment())
        };
        let (upstream, server) = (&*self.name, &*members[index].label);
        match effect {
            Effect::Counted => {}
            Effect::Ejected(span) => {
                count(&state.ejections);
                tracing::warn!(upstream, server, %fault, seconds = span.as_secs(), "a server is ejected");
            }
            Effect::Resting(span) => {
                let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(upstream, server, millis, "a server takes no connection and is passed over");
            }
            Effect::TooManyOut => {
                tracing::debug!(upstream, server, %fault, "a server fails and stays, since too many are ejected");
            }
        }
    }
}

/// Where a server is now.
fn addresses(site: &Site, names: &Names) -> Vec<Address> {
    match site {
        Site::Network { host, port } => {
            names.addresses(host).into_iter().map(|ip| Address::Tcp((ip, *port).into())).collect()
        }
        Site::Unix(path) => vec![Address::Unix(path.clone())],
        Site::Echo => vec![Address::Builtin],
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
