//! The hot end of the metrics: one worker's handles to the series of one layout.
//! `record` is a few relaxed additions on memory that only this worker writes: no
//! lock, no look-up by name. A new layout means a new `Meter`, never a changed one.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::telemetry::access_log::AccessLog;
use crate::telemetry::exchange::Exchange;
use crate::telemetry::histogram::raise;
use crate::telemetry::layout::Layout;
use crate::telemetry::ledger::{ENDPOINTS, Handles, Ledger};
use crate::telemetry::reason::{self, OTHERS, Slot};
use crate::telemetry::tally::{RouteSeries, UpstreamTally, WorkerTally};

/// One worker's way to count. Cheap to share, never shared between workers.
pub struct Meter {
    worker: usize,
    ledger: Arc<Ledger>,
    log: Arc<AccessLog>,
    layout: Arc<Layout>,
    handles: Handles,
}

/// Whether a token was found in a verdict cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lookup {
    /// It was.
    Hit,
    /// It was not.
    Miss,
}

/// What became of an attempt to connect to a backend.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connect {
    /// A connection.
    Made,
    /// None.
    Failed,
}

impl Meter {
    /// A worker's meter that knows no names yet. A worker beyond the number the ledger
    /// was made for shares the tallies of another; nothing is lost.
    pub(in crate::telemetry) fn new(ledger: Arc<Ledger>, log: Arc<AccessLog>, worker: usize) -> Meter {
        let worker = worker % ledger.workers().len();
        let layout = Layout::default();
        let handles = ledger.peek(&layout);
        Meter { worker, ledger, log, layout: Arc::new(layout), handles }
    }

    /// The same worker's meter for the names of another snapshot. `generation` is the
    /// world's; the newest decides which series there are.
    pub fn for_layout(&self, generation: u64, layout: Layout) -> Arc<Meter> {
        Arc::new(Meter {
            worker: self.worker,
            ledger: Arc::clone(&self.ledger),
            log: Arc::clone(&self.log),
            handles: self.ledger.lay_out(generation, &layout),
            layout: Arc::new(layout),
        })
    }

    /// A request has begun on `listener`; `record` ends it.
    pub fn begin(&self, listener: usize) {
        if let Some(tally) = self.handles.listeners.get(listener).and_then(|series| series.get(self.worker)) {
            raise(&tally.begun, 1);
        }
    }

    /// Counts one finished exchange.
    pub fn record(&self, exchange: &Exchange) {
        self.route(exchange).record(self.worker, exchange);
        if let Some(tally) = exchange.upstream.and_then(|index| self.upstream(index)) {
            tally.record(exchange);
        }
        if let Some(tally) = self.handles.listeners.get(exchange.listener).and_then(|series| series.get(self.worker)) {
            raise(&tally.ended, 1);
        }
        self.own().record(exchange);
        if let Some(reason) = exchange.reason {
            self.reason(exchange.upstream, reason);
        }
    }

    fn reason(&self, upstream: Option<usize>, reason: &str) {
        let cell = match (reason::slot(reason), upstream.and_then(|index| self.upstream(index))) {
            (Slot::OfUpstream(slot), Some(tally)) => &tally.reasons[slot],
            (Slot::Other(slot), _) => &self.own().reasons[slot],
            // Its upstream is of an older world, or was not chosen yet.
            (Slot::OfUpstream(_), None) => &self.own().reasons[OTHERS.len() - 1],
        };
        raise(cell, 1);
    }

    /// Counts one finished exchange and hands it to the access log. The one call of
    /// the edge's drop guard. `complete` fills in what only a line of the log says; it
    /// is asked when there is to be one.
    pub fn finish(&self, exchange: &mut Exchange, complete: impl FnOnce(&mut Exchange)) {
        self.record(exchange);
        self.log.write(exchange, &self.layout, &self.own().sampled, complete);
    }

    /// A presented token was looked up in this worker's verdict cache.
    pub fn looked_up(&self, lookup: Lookup) {
        let cell = match lookup {
            Lookup::Hit => &self.own().cache_hits,
            Lookup::Miss => &self.own().cache_misses,
        };
        raise(cell, 1);
    }

    /// This worker's verdict cache has so many entries now.
    pub fn cache_holds(&self, entries: usize) {
        self.own().cache_entries.store(entries as u64, Ordering::Relaxed);
    }

    /// An attempt to connect to a backend has ended.
    pub fn connected(&self, upstream: usize, result: Connect) {
        if let Some(tally) = self.upstream(upstream) {
            let cell = match result {
                Connect::Made => &tally.connects,
                Connect::Failed => &tally.connect_errors,
            };
            raise(cell, 1);
        }
    }

    /// A connection to a backend, counted by `connected` before, is gone.
    pub fn disconnected(&self, upstream: usize) {
        if let Some(tally) = self.upstream(upstream) {
            raise(&tally.closed, 1);
        }
    }

    /// A request is sent a second time.
    pub fn retried(&self, upstream: usize) {
        if let Some(tally) = self.upstream(upstream) {
            raise(&tally.retries, 1);
        }
    }

    fn own(&self) -> &WorkerTally {
        &self.ledger.workers()[self.worker]
    }

    fn upstream(&self, index: usize) -> Option<&UpstreamTally> {
        self.handles.upstreams.get(index).and_then(|series| series.get(self.worker))
    }

    fn route(&self, exchange: &Exchange) -> &RouteSeries {
        let by_index = exchange.route.and_then(|index| self.handles.routes.get(index));
        let by_endpoint = || {
            let slot = |name| ENDPOINTS.iter().position(|known| *known == name).unwrap_or(ENDPOINTS.len() - 1);
            exchange.endpoint.and_then(|name| self.handles.endpoints.get(slot(name)))
        };
        by_index.or_else(by_endpoint).unwrap_or(&self.handles.no_route)
    }
}
