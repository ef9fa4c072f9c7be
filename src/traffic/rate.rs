//! A rate and its buckets, by the generic cell rate algorithm: one number a caller, the
//! moment at which his bucket would be full again. Nothing is refilled by a timer, and
//! two workers that meet in one bucket settle it with one compare-and-swap.
//! Must never: read a clock, or let a table grow beyond its bound.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashMap;

use crate::token::fingerprint::Fingerprint;

/// Callers that one limit remembers. At the bound the one that is nearest to a full
/// bucket among a few gives way to a new one, and begins anew when it comes back.
pub const MAX_CALLERS: usize = 65_536;

/// Entries that are looked at to find one that gives way.
const LOOKED_AT: usize = 16;

/// Nanoseconds on a monotonic clock, since an origin of the caller's choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Moment(pub u64);

/// So many requests in so long, and how many at once of those that were saved up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    /// Nanoseconds between two requests at this rate; at least 1.
    pub interval: u64,
    /// Requests that a full bucket holds; at least 1.
    pub burst: u32,
}

/// What a bucket holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Nanoseconds until the bucket is full.
    pub full_in: u64,
}

/// A bucket that is empty, and for how many nanoseconds the next request has to wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Empty {
    /// Nanoseconds until one request may pass.
    pub wait: u64,
    /// Nanoseconds until the bucket is full.
    pub full_in: u64,
}

impl Rate {
    /// `count` requests in `window` nanoseconds.
    pub fn new(count: u32, window: u64, burst: u32) -> Rate {
        Rate { interval: (window / u64::from(count.max(1))).max(1), burst: burst.max(1) }
    }

    /// Nanoseconds in which an empty bucket becomes full.
    pub fn fill(&self) -> u64 {
        self.interval.saturating_mul(u64::from(self.burst))
    }

    /// Takes one request from the bucket that is full at `full`; the new such moment.
    fn take(&self, full: u64, now: Moment) -> Result<(u64, Level), Empty> {
        let before = full.max(now.0);
        let after = before.saturating_add(self.interval);
        let ahead = after - now.0;
        if ahead > self.fill() {
            return Err(Empty { wait: ahead - self.fill(), full_in: before - now.0 });
        }
        let remaining = (self.fill() - ahead) / self.interval;
        Ok((after, Level { remaining: u32::try_from(remaining).unwrap_or(u32::MAX), full_in: ahead }))
    }
}

/// The buckets of one limit, shared by all workers.
#[derive(Debug, Default)]
pub struct Buckets {
    full_at: DashMap<Fingerprint, AtomicU64>,
    count: AtomicUsize,
}

impl Buckets {
    /// Takes one request from a caller's bucket.
    ///
    /// # Errors
    /// It is empty; nothing was taken.
    pub fn take(&self, caller: Fingerprint, rate: &Rate, now: Moment) -> Result<Level, Empty> {
        if let Some(full_at) = self.full_at.get(&caller) {
            return settle(&full_at, rate, now);
        }
        self.make_room(now);
        let full_at = self.full_at.entry(caller).or_insert_with(|| {
            self.count.fetch_add(1, Ordering::Relaxed);
            AtomicU64::new(0)
        });
        settle(&full_at, rate, now)
    }

    /// Gives back what was taken for a request that another limit then refused.
    pub fn give_back(&self, caller: Fingerprint, rate: &Rate) {
        if let Some(full_at) = self.full_at.get(&caller) {
            let less = |full: u64| Some(full.saturating_sub(rate.interval));
            // It always changes it, so there is no error.
            let _ = full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        }
    }

    /// Forgets full buckets, which are as good as none; returns how many left.
    pub fn sweep(&self, now: Moment) -> usize {
        let before = self.full_at.len();
        self.full_at.retain(|_, full_at| full_at.load(Ordering::Relaxed) > now.0);
        let after = self.full_at.len();
        self.count.store(after, Ordering::Relaxed);
        before.saturating_sub(after)
    }

    /// Callers that are remembered.
    pub fn len(&self) -> usize {
        self.full_at.len()
    }

    /// True when nobody is remembered.
    pub fn is_empty(&self) -> bool {
        self.full_at.is_empty()
    }

    fn make_room(&self, now: Moment) {
        if self.count.load(Ordering::Relaxed) < MAX_CALLERS {
            return;
        }
        // Keys are as good as chance, so the first few of the table are any few. The look
        // is over, and its locks released, before the entry is removed.
        let few = self.full_at.iter().take(LOOKED_AT);
        let fullest = few
            .map(|entry| (entry.value().load(Ordering::Relaxed).max(now.0), *entry.key()))
            .min_by_key(|(full, _)| *full);
        if fullest.is_some_and(|(_, caller)| self.full_at.remove(&caller).is_some()) {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

fn settle(full_at: &AtomicU64, rate: &Rate, now: Moment) -> Result<Level, Empty> {
    let mut seen = full_at.load(Ordering::Relaxed);
    loop {
        let (next, level) = rate.take(seen, now)?;
        match full_at.compare_exchange_weak(seen, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return Ok(level),
            Err(other) => seen = other,
        }
    }
}

#[cfg(test)]
mod tests;
