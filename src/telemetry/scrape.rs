//! The collector of everything workers count by themselves: sums their tallies when
//! somebody scrapes and spells them as metric families. Costs nothing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use crate::telemetry::catalog::{self, Described};
use crate::telemetry::family::Family;
use crate::telemetry::histogram::Total;
use crate::telemetry::label::{DECISIONS, METHODS, UPSTREAM_RESULTS, code_text};
use crate::telemetry::ledger::{Book, Ledger};
use crate::telemetry::reason::{OF_UPSTREAMS, OTHERS};
use crate::telemetry::tally::{RouteSeries, sum};

/// The families of this collector.
const FAMILIES: [Described; 16] = [
    catalog::REQUESTS,
    catalog::REQUEST_SECONDS,
    catalog::OVERHEAD_SECONDS,
    catalog::IN_FLIGHT,
    catalog::BODY_IN,
    catalog::BODY_OUT,
    catalog::DECISIONS,
    catalog::CACHE_LOOKUPS,
    catalog::CACHE_ENTRIES,
    catalog::UPSTREAM_REQUESTS,
    catalog::REASONS,
    catalog::UPSTREAM_SECONDS,
    catalog::UPSTREAM_CONNECTIONS,
    catalog::UPSTREAM_CONNECTS,
    catalog::UPSTREAM_RETRIES,
    catalog::LOG_DROPPED,
];

/// Sums what the workers counted.
#[derive(Debug)]
pub struct Scrape {
    ledger: Arc<Ledger>,
    dropped: Vec<(&'static str, Arc<AtomicU64>)>,
    descriptions: Vec<Desc>,
}

impl Scrape {
    /// A collector over `ledger` and the logs' counters of lost lines, each with the
    /// log's name.
    pub fn new(ledger: Arc<Ledger>, dropped: Vec<(&'static str, Arc<AtomicU64>)>) -> prometheus::Result<Scrape> {
        let descriptions = FAMILIES.iter().map(Described::description).collect::<prometheus::Result<Vec<Desc>>>()?;
        Ok(Scrape { ledger, dropped, descriptions })
    }
}

impl Collector for Scrape {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let book = self.ledger.book();
        let mut out = routes(&book);
        out.extend(self.own());
        out.extend(upstreams(&book));
        out.push(self.reasons(&book));
        let mut in_flight = Family::of(&catalog::IN_FLIGHT);
        for (name, series) in &book.listeners {
            // Ended first: a request that begins in between must not make it negative.
            let ended = sum(series, |tally| &tally.ended);
            in_flight.push(&[name], sum(series, |tally| &tally.begun).saturating_sub(ended) as f64);
        }
        out.push(in_flight);
        let mut lost = Family::of(&catalog::LOG_DROPPED);
        for (log, count) in &self.dropped {
            lost.push(&[log], count.load(Ordering::Relaxed) as f64);
        }
        out.push(lost);
        out.into_iter().map(Family::finish).collect()
    }
}

impl Scrape {
    /// What the gateway answered by itself, and what broke off.
    fn reasons(&self, book: &Book) -> Family {
        let mut reasons = Family::of(&catalog::REASONS);
        for (slot, reason) in OTHERS.iter().enumerate() {
            reasons.push_used(&["-", reason], sum(self.ledger.workers(), |tally| &tally.reasons[slot]));
        }
        for (name, series) in &book.upstreams {
            for (slot, reason) in OF_UPSTREAMS.iter().enumerate() {
                reasons.push_used(&[name, reason], sum(series, |tally| &tally.reasons[slot]));
            }
        }
        reasons
    }

    fn own(&self) -> [Family; 3] {
        let workers = self.ledger.workers();
        let mut overhead = Family::of(&catalog::OVERHEAD_SECONDS);
        let mut total = Total::default();
        workers.iter().for_each(|tally| total.add(&tally.overhead));
        overhead.push_total(&[], &total);
        let mut lookups = Family::of(&catalog::CACHE_LOOKUPS);
        lookups.push(&["hit"], sum(workers, |tally| &tally.cache_hits) as f64);
        lookups.push(&["miss"], sum(workers, |tally| &tally.cache_misses) as f64);
        let mut entries = Family::of(&catalog::CACHE_ENTRIES);
        entries.push(&[], sum(workers, |tally| &tally.cache_entries) as f64);
        [overhead, lookups, entries]
    }
}

fn routes(book: &Book) -> Vec<Family> {
    let mut requests = Family::of(&catalog::REQUESTS);
    let mut seconds = Family::of(&catalog::REQUEST_SECONDS);
    let mut body_in = Family::of(&catalog::BODY_IN);
    let mut body_out = Family::of(&catalog::BODY_OUT);
    let mut decisions = Family::of(&catalog::DECISIONS);
    for (name, series) in &book.routes {
        let mut total = Total::default();
        series.workers().iter().for_each(|tally| total.add(&tally.duration));
        if total.count() == 0 {
            continue;
        }
        seconds.push_total(&[name], &total);
        body_in.push(&[name], sum(series.workers(), |tally| &tally.bytes_in) as f64);
        body_out.push(&[name], sum(series.workers(), |tally| &tally.bytes_out) as f64);
        for (slot, result) in DECISIONS.iter().enumerate() {
            decisions.push_used(&[name, result], sum(series.workers(), |tally| &tally.decisions[slot]));
        }
        for (method, code, count) in requests_of(series) {
            requests.push(&[name, method, &code], count as f64);
        }
    }
    vec![requests, seconds, body_in, body_out, decisions]
}

/// Method, code and count of every pair that was seen.
fn requests_of(series: &RouteSeries) -> Vec<(&'static str, String, u64)> {
    let mut out = Vec::new();
    for (row, method) in METHODS.iter().enumerate() {
        let rows: Vec<_> = series.workers().iter().filter_map(|tally| tally.requests[row].get()).collect();
        let codes = rows.first().map_or(0, |row| row.len());
        for code in 0..codes {
            let count: u64 = rows.iter().map(|row| row[code].load(Ordering::Relaxed)).sum();
            if count > 0 {
                out.push((*method, code_text(code), count));
            }
        }
    }
    out
}

fn upstreams(book: &Book) -> Vec<Family> {
    let mut requests = Family::of(&catalog::UPSTREAM_REQUESTS);
    let mut seconds = Family::of(&catalog::UPSTREAM_SECONDS);
    let mut open = Family::of(&catalog::UPSTREAM_CONNECTIONS);
    let mut connects = Family::of(&catalog::UPSTREAM_CONNECTS);
    let mut retries = Family::of(&catalog::UPSTREAM_RETRIES);
    for (name, series) in &book.upstreams {
        let mut total = Total::default();
        series.iter().for_each(|tally| total.add(&tally.duration));
        seconds.push_total(&[name], &total);
        for (slot, result) in UPSTREAM_RESULTS.iter().enumerate() {
            requests.push_used(&[name, result], sum(series, |tally| &tally.results[slot]));
        }
        let closed = sum(series, |tally| &tally.closed);
        let made = sum(series, |tally| &tally.connects);
        open.push(&[name], made.saturating_sub(closed) as f64);
        connects.push(&[name, "ok"], made as f64);
        connects.push(&[name, "error"], sum(series, |tally| &tally.connect_errors) as f64);
        retries.push(&[name], sum(series, |tally| &tally.retries) as f64);
    }
    vec![requests, seconds, open, connects, retries]
}
