//! A histogram that costs two relaxed additions and no search structure: bounds are
//! whole nanoseconds in a short ascending array, cells are atomics of one worker.
//! The cumulative form that a scrape wants is made at the scrape.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds for requests, ours and the backends': 0.5 ms to 10 s, in nanoseconds.
pub const REQUEST_BOUNDS: [u64; 14] = [
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
    250_000_000,
    500_000_000,
    1_000_000_000,
    2_500_000_000,
    5_000_000_000,
    10_000_000_000,
];

/// Upper bounds for the gateway's own cost: 25 µs to 25 ms, in nanoseconds.
pub const OVERHEAD_BOUNDS: [u64; 10] =
    [25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 25_000_000];

/// Upper bounds for password hashing: 10 ms to 2.5 s, in nanoseconds.
pub const HASH_BOUNDS: [u64; 8] =
    [10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000, 500_000_000, 1_000_000_000, 2_500_000_000];

/// The most bounds a histogram may have.
const MAX_BOUNDS: usize = 14;

/// Counts of one worker; the cell behind the last bound takes what is above it.
#[derive(Debug, Default)]
pub struct Histogram {
    cells: [AtomicU64; MAX_BOUNDS + 1],
    nanos: AtomicU64,
}

impl Histogram {
    /// Counts one duration, on the one thread that counts here. `bounds` has at most 14 entries and is always the same.
    pub fn observe(&self, bounds: &[u64], took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let at = bounds.iter().position(|bound| nanos <= *bound).unwrap_or(bounds.len());
        if let Some(cell) = self.cells.get(at) {
            raise(cell, 1);
            raise(&self.nanos, nanos);
        }
    }
}

/// Adds to a cell that one thread writes and others only read. A load and a store: an
/// addition that other writers may interrupt costs as much as twenty plain instructions,
/// and a request makes some fifteen.
pub fn raise(cell: &AtomicU64, by: u64) {
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

/// The sum of several workers' histograms, ready for a scrape.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Total {
    cells: [u64; MAX_BOUNDS + 1],
    nanos: u64,
}

impl Total {
    /// Adds one worker's counts.
    pub fn add(&mut self, one: &Histogram) {
        for (sum, cell) in self.cells.iter_mut().zip(&one.cells) {
            *sum += cell.load(Ordering::Relaxed);
        }
        self.nanos = self.nanos.wrapping_add(one.nanos.load(Ordering::Relaxed));
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.cells.iter().sum()
    }

    /// Their sum in seconds.
    pub fn seconds(&self) -> f64 {
        self.nanos as f64 / 1e9
    }

    /// Each bound in seconds with how many durations were not above it.
    pub fn cumulative<'a>(&'a self, bounds: &'a [u64]) -> impl Iterator<Item = (f64, u64)> + 'a {
        let mut so_far = 0;
        bounds.iter().zip(&self.cells).map(move |(bound, cell)| {
            so_far += cell;
            (*bound as f64 / 1e9, so_far)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Histogram, OVERHEAD_BOUNDS, Total};

    #[test]
    fn workers_are_summed_and_bounds_are_inclusive() {
        let (one, two) = (Histogram::default(), Histogram::default());
        one.observe(&OVERHEAD_BOUNDS, Duration::from_micros(25));
        one.observe(&OVERHEAD_BOUNDS, Duration::from_micros(26));
        two.observe(&OVERHEAD_BOUNDS, Duration::from_secs(1));
        let mut total = Total::default();
        total.add(&one);
        total.add(&two);
        let line: Vec<(f64, u64)> = total.cumulative(&OVERHEAD_BOUNDS).collect();
        assert_eq!(line[0], (0.000025, 1));
        assert_eq!(line[1], (0.00005, 2));
        assert_eq!(line[9], (0.025, 2), "the second is above every bound");
        assert_eq!(total.count(), 3);
        assert!((total.seconds() - 1.000_051).abs() < 1e-9);
    }
}
