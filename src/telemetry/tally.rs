//! What is counted about one route, upstream or listener: one tally for each worker,
//! written by that worker alone, summed when somebody scrapes. No lock, no look-up
//! and no allocation but the first time a worker meets a method on a route.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use crate::telemetry::exchange::Exchange;
use crate::telemetry::histogram::{Histogram, OVERHEAD_BOUNDS, REQUEST_BOUNDS, raise};
use crate::telemetry::label::{self, CODES, DECISIONS, METHODS, UPSTREAM_RESULTS};
use crate::telemetry::reason::{OF_UPSTREAMS, OTHERS};

/// Series that callers can bring into being by what they do: (route, method, code)
/// and (route, result). At the bound a further one is counted as `other`.
pub const MAX_PROVOKED_SERIES: usize = 5_000;

/// How many of them may still come.
#[derive(Debug)]
pub struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Budget {
        Budget(AtomicUsize::new(MAX_PROVOKED_SERIES))
    }
}

impl Budget {
    fn take(&self) -> Option<()> {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok().map(drop)
    }

    fn give_back(&self, series: usize) {
        self.0.fetch_add(series, Ordering::Relaxed);
    }
}

/// All series of one route.
#[derive(Debug)]
pub struct RouteSeries {
    claimed: [AtomicU64; METHODS.len() + 1],
    budget: Arc<Budget>,
    workers: Box<[RouteTally]>,
}

/// One worker's counts of one route, apart from other workers' cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct RouteTally {
    /// By method and code; a row comes into being with its first request.
    pub requests: [OnceLock<Box<[AtomicU64; CODES]>>; METHODS.len()],
    /// By result of admission.
    pub decisions: [AtomicU64; DECISIONS.len()],
    /// Bytes read from callers.
    pub bytes_in: AtomicU64,
    /// Bytes sent to callers.
    pub bytes_out: AtomicU64,
    /// From head to end.
    pub duration: Histogram,
}

impl RouteSeries {
    /// Nothing counted yet.
    pub fn new(workers: usize, budget: Arc<Budget>) -> RouteSeries {
        RouteSeries { claimed: Default::default(), budget, workers: tallies(workers) }
    }

    /// Every worker's tally.
    pub fn workers(&self) -> &[RouteTally] {
        &self.workers
    }

    /// Counts one exchange. `worker` must be below the number given to `new`.
    pub fn record(&self, worker: usize, exchange: &Exchange) {
        let Some(tally) = self.workers.get(worker) else { return };
        self.request(tally, label::method_slot(&exchange.method), label::code_slot(exchange.status));
        if let Some(slot) = label::decision_slot(exchange.decision) {
            self.decision(tally, slot);
        }
        raise(&tally.bytes_in, exchange.bytes_in);
        raise(&tally.bytes_out, exchange.bytes_out);
        tally.duration.observe(&REQUEST_BOUNDS, exchange.duration);
    }

    fn request(&self, tally: &RouteTally, method: usize, code: usize) {
        let row = |method: usize| tally.requests[method].get_or_init(|| Box::new([const { AtomicU64::new(0) }; CODES]));
        let cell = &row(method)[code];
        let (last_method, last_code) = (METHODS.len() - 1, CODES - 1);
        // Only a worker's first count of a kind has to ask whether there is room for it.
        let known = cell.load(Ordering::Relaxed) > 0 || (method, code) == (last_method, last_code);
        if known || self.claim(method, code).is_some() {
            raise(cell, 1);
        } else {
            raise(&row(last_method)[last_code], 1);
        }
    }

    fn decision(&self, tally: &RouteTally, slot: usize) {
        let last = DECISIONS.len() - 1;
        let known = tally.decisions[slot].load(Ordering::Relaxed) > 0 || slot == last;
        let slot = if known || self.claim(METHODS.len(), slot).is_some() { slot } else { last };
        raise(&tally.decisions[slot], 1);
    }

    /// Room for a series, shared by all workers: one bit each in the word of its row.
    fn claim(&self, row: usize, bit: usize) -> Option<()> {
        let (word, mask) = (&self.claimed[row], 1_u64 << bit);
        if word.load(Ordering::Relaxed) & mask != 0 {
            return Some(());
        }
        self.budget.take()?;
        if word.fetch_or(mask, Ordering::Relaxed) & mask != 0 {
            self.budget.give_back(1);
        }
        Some(())
    }
}

impl Drop for RouteSeries {
    /// A route that is gone leaves its room to others.
    fn drop(&mut self) {
        let claimed: u32 = self.claimed.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
        self.budget.give_back(claimed as usize);
    }
}

/// One worker's counts of one upstream.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct UpstreamTally {
    /// By class of answer or fault.
    pub results: [AtomicU64; UPSTREAM_RESULTS.len()],
    /// What kept it from answering, or its answer from coming whole.
    pub reasons: [AtomicU64; OF_UPSTREAMS.len()],
    /// Waiting for it.
    pub duration: Histogram,
    /// Connections made.
    pub connects: AtomicU64,
    /// Connections that were not.
    pub connect_errors: AtomicU64,
    /// Connections ended.
    pub closed: AtomicU64,
    /// Second attempts.
    pub retries: AtomicU64,
}

impl UpstreamTally {
    /// Counts what an exchange says about its backend.
    pub fn record(&self, exchange: &Exchange) {
        let slot = label::upstream_slot(exchange.status, exchange.reason);
        raise(&self.results[slot], 1);
        if let Some(waited) = exchange.upstream_time {
            self.duration.observe(&REQUEST_BOUNDS, waited);
        }
    }
}

/// One worker's counts of one listener.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ListenerTally {
    /// Requests begun.
    pub begun: AtomicU64,
    /// Requests ended.
    pub ended: AtomicU64,
}

/// One worker's counts that belong to nothing named.
#[derive(Debug)]
#[repr(align(128))]
pub struct WorkerTally {
    /// Reasons that are about no upstream.
    pub reasons: [AtomicU64; OTHERS.len()],
    /// Its own share of a request.
    pub overhead: Histogram,
    /// Tokens found in its verdict cache.
    pub cache_hits: AtomicU64,
    /// Tokens not found there.
    pub cache_misses: AtomicU64,
    /// Tokens in it now.
    pub cache_entries: AtomicU64,
    /// How far its sampling of access-log lines has come.
    pub sampled: AtomicU64,
}

impl Default for WorkerTally {
    /// Nothing counted yet.
    fn default() -> WorkerTally {
        let zero = AtomicU64::default;
        WorkerTally {
            reasons: std::array::from_fn(|_| zero()),
            overhead: Histogram::default(),
            cache_hits: zero(),
            cache_misses: zero(),
            cache_entries: zero(),
            sampled: zero(),
        }
    }
}

impl WorkerTally {
    /// Answers above this many bytes are not measured: their end is the caller's pace.
    const OVERHEAD_BODY: u64 = 64 * 1024;

    /// Counts the gateway's own share where it can be told apart from the caller's.
    pub fn record(&self, exchange: &Exchange) {
        if exchange.status != 0 && exchange.bytes_in == 0 && exchange.bytes_out <= WorkerTally::OVERHEAD_BODY {
            let waited = exchange.upstream_time.unwrap_or_default();
            self.overhead.observe(&OVERHEAD_BOUNDS, exchange.duration.saturating_sub(waited));
        }
    }
}

/// One zeroed tally for each worker.
pub fn tallies<T: Default>(workers: usize) -> Box<[T]> {
    (0..workers).map(|_| T::default()).collect()
}

/// The sum of one cell over all workers.
pub fn sum<T>(workers: &[T], cell: impl Fn(&T) -> &AtomicU64) -> u64 {
    workers.iter().map(|tally| cell(tally).load(Ordering::Relaxed)).sum()
}
