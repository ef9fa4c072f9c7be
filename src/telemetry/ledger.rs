//! Which series there are: by name, for the newest layout only. A name that survives
//! a reload keeps its counts, one that is gone loses its series at once; requests
//! that began before still count into what they hold, unseen.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::telemetry::layout::Layout;
use crate::telemetry::tally::{Budget, ListenerTally, RouteSeries, UpstreamTally, WorkerTally, tallies};

/// The issuers' endpoints as values of `route`, after `endpoint/`.
pub const ENDPOINTS: [&str; 6] = ["token", "revoke", "introspect", "jwks", "metadata", "other"];

/// Where requests without a route are counted.
pub const NO_ROUTE: &str = "none";

/// One upstream's tallies, by worker.
pub type UpstreamSeries = Box<[UpstreamTally]>;

/// One listener's tallies, by worker.
pub type ListenerSeries = Box<[ListenerTally]>;

/// Every worker-counted series of one gateway.
#[derive(Debug)]
pub struct Ledger {
    workers: Box<[WorkerTally]>,
    budget: Arc<Budget>,
    book: Mutex<Book>,
}

/// The series of the newest layout, by name.
#[derive(Clone, Debug, Default)]
pub struct Book {
    generation: Option<u64>,
    /// With `none` and the endpoints.
    pub routes: BTreeMap<Arc<str>, Arc<RouteSeries>>,
    /// By name.
    pub upstreams: BTreeMap<Arc<str>, Arc<UpstreamSeries>>,
    /// By name.
    pub listeners: BTreeMap<Arc<str>, Arc<ListenerSeries>>,
}

/// The series of one layout, by its indexes.
#[derive(Debug)]
pub struct Handles {
    /// By route index.
    pub routes: Vec<Arc<RouteSeries>>,
    /// In the order of `ENDPOINTS`.
    pub endpoints: Vec<Arc<RouteSeries>>,
    /// Where no route fitted.
    pub no_route: Arc<RouteSeries>,
    /// By upstream index.
    pub upstreams: Vec<Arc<UpstreamSeries>>,
    /// By listener index.
    pub listeners: Vec<Arc<ListenerSeries>>,
}

impl Ledger {
    /// Nothing counted yet; at least one worker.
    pub fn new(workers: usize) -> Ledger {
        Ledger { workers: tallies(workers.max(1)), budget: Arc::default(), book: Mutex::default() }
    }

    /// Counts that belong to a worker and to nothing named.
    pub fn workers(&self) -> &[WorkerTally] {
        &self.workers
    }

    /// The series as they are now, for a scrape; the lock is not held while it reads.
    pub fn book(&self) -> Book {
        self.book.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Handles for `layout`. If its generation is newer than any before, series of
    /// names it does not have end here.
    pub fn lay_out(&self, generation: u64, layout: &Layout) -> Handles {
        let mut book = self.book.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if book.generation.is_none_or(|newest| generation > newest) {
            book.generation = Some(generation);
            self.keep_only(&mut book, layout);
        }
        self.handles(&book, layout)
    }

    /// Handles for `layout`, whatever its age, without ending any series.
    pub fn peek(&self, layout: &Layout) -> Handles {
        self.handles(&self.book.lock().unwrap_or_else(|poisoned| poisoned.into_inner()), layout)
    }

    fn keep_only(&self, book: &mut Book, layout: &Layout) {
        let own = own_names();
        book.routes = own.chain(layout.routes.iter().cloned()).map(|name| self.route(book, name)).collect();
        book.upstreams = layout.upstreams.iter().map(|name| self.upstream(book, name)).collect();
        book.listeners = layout.listeners.iter().map(|name| self.listener(book, name)).collect();
    }

    /// A name that only an older layout knows gets series of its own, outside the book.
    fn handles(&self, book: &Book, layout: &Layout) -> Handles {
        Handles {
            routes: layout.routes.iter().map(|name| self.route(book, Arc::clone(name)).1).collect(),
            endpoints: own_names().skip(1).map(|name| self.route(book, name).1).collect(),
            no_route: self.route(book, Arc::from(NO_ROUTE)).1,
            upstreams: layout.upstreams.iter().map(|name| self.upstream(book, name).1).collect(),
            listeners: layout.listeners.iter().map(|name| self.listener(book, name).1).collect(),
        }
    }

    fn route(&self, book: &Book, name: Arc<str>) -> (Arc<str>, Arc<RouteSeries>) {
        let fresh = || Arc::new(RouteSeries::new(self.workers.len(), Arc::clone(&self.budget)));
        let series = book.routes.get(&name).cloned().unwrap_or_else(fresh);
        (name, series)
    }

    fn upstream(&self, book: &Book, name: &Arc<str>) -> (Arc<str>, Arc<UpstreamSeries>) {
        let fresh = || Arc::new(tallies(self.workers.len()));
        (Arc::clone(name), book.upstreams.get(name).cloned().unwrap_or_else(fresh))
    }

    fn listener(&self, book: &Book, name: &Arc<str>) -> (Arc<str>, Arc<ListenerSeries>) {
        let fresh = || Arc::new(tallies(self.workers.len()));
        (Arc::clone(name), book.listeners.get(name).cloned().unwrap_or_else(fresh))
    }
}

/// The routes that are always there: `none`, then the endpoints.
fn own_names() -> impl Iterator<Item = Arc<str>> {
    let endpoints = ENDPOINTS.iter().map(|endpoint| Arc::from(format!("endpoint/{endpoint}")));
    std::iter::once(Arc::from(NO_ROUTE)).chain(endpoints)
}
