//! One server's standing as all workers see it: what the active checks say, whether it
//! is passed over and until when, since when it serves. A few atomics in one cache line
//! that is written only when something changes, so that reading it costs a load.
//! Must never: be reset by a reload that keeps the server.

use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::balance::moment::{Moment, millis};
use crate::balance::slow_start;
use crate::balance::streak::Finding;

/// Whether a server may be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may.
    In,
    /// It may, with a growing share: it has just come back, at this moment.
    Warming(Moment),
    /// Its requests failed: it is passed over for a while.
    Ejected,
    /// Its active checks fail.
    Down,
}

/// What the active checks say.
const UNCHECKED: u8 = 0;
const GOOD: u8 = 1;
const BAD: u8 = 2;

/// The state of one server. All of its methods may be called from any thread.
#[derive(Debug, Default)]
#[repr(align(64))]
pub struct Vital {
    checks: AtomicU8,
    /// Faults in a row.
    faults: AtomicU32,
    /// Passed over until then, in milliseconds; 0: not passed over.
    out_until: AtomicU64,
    /// When it last came back, and for how long it had been out.
    back_at: AtomicU64,
    out_for: AtomicU64,
    /// When it began to serve, while that is recent; 0 otherwise.
    warm_since: AtomicU64,
}

impl Vital {
    /// A server nobody knows anything about.
    pub fn new() -> Vital {
        Vital::default()
    }

    /// Whether it may be asked at `now`. Whoever looks after its time is over ends it.
    pub fn standing(&self, now: Moment) -> Standing {
        if self.checks.load(Ordering::Relaxed) == BAD {
            return Standing::Down;
        }
        let until = self.out_until.load(Ordering::Relaxed);
        if until > now.0 {
            return Standing::Ejected;
        }
        if until != 0 && self.out_until.compare_exchange(until, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
            self.back_at.store(until, Ordering::Relaxed);
            self.begin(now);
        }
        match self.warm_since.load(Ordering::Relaxed) {
            0 => Standing::In,
            since => Standing::Warming(Moment(since)),
        }
    }

    /// True where nothing at all is special about it: the one question of most requests.
    pub fn is_plain(&self) -> bool {
        self.out_until.load(Ordering::Relaxed) == 0
            && self.checks.load(Ordering::Relaxed) != BAD
            && self.warm_since.load(Ordering::Relaxed) == 0
    }

    /// The share of its weight it may get now, in thousandths: whole, growing, or none.
    pub fn share(&self, now: Moment, slow_start: Duration) -> u32 {
        match self.standing(now) {
            Standing::In => slow_start::WHOLE,
            Standing::Warming(since) => {
                let share = slow_start::share(since, now, slow_start);
                if share == slow_start::WHOLE {
                    self.warm_since.store(0, Ordering::Relaxed);
                }
                share
            }
            Standing::Ejected | Standing::Down => 0,
        }
    }

    /// It begins to serve now: a slow start begins.
    pub fn begin(&self, now: Moment) {
        self.warm_since.store(now.0.max(1), Ordering::Relaxed);
    }

    /// A request went well.
    pub fn well(&self) {
        // A load where nothing failed: the line stays shared by all workers.
        if self.faults.load(Ordering::Relaxed) != 0 {
            self.faults.store(0, Ordering::Relaxed);
        }
    }

    /// One more fault in a row; how many that makes.
    pub fn fault(&self) -> u32 {
        self.faults.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Passes it over for `span`. One call at a time for a group.
    pub fn pass_over(&self, now: Moment, span: Duration) {
        self.out_for.store(millis(span), Ordering::Relaxed);
        self.out_until.store(now.after(span).0.max(1), Ordering::Release);
    }

    /// When it last came back, and for how long it was out; `None`: it never was.
    pub fn last_absence(&self) -> Option<(Moment, Duration)> {
        let (back, span) = (self.back_at.load(Ordering::Relaxed), self.out_for.load(Ordering::Relaxed));
        (back != 0).then(|| (Moment(back), Duration::from_millis(span)))
    }

    /// What the active checks say from now on.
    pub fn checked(&self, finding: Finding, now: Moment) {
        let (new, old) = match finding {
            Finding::Good => (GOOD, self.checks.swap(GOOD, Ordering::Relaxed)),
            Finding::Bad => (BAD, self.checks.swap(BAD, Ordering::Relaxed)),
        };
        if (old, new) == (BAD, GOOD) {
            self.begin(now);
        }
    }

    /// There are no active checks any more: their last word is forgotten.
    pub fn unchecked(&self) {
        self.checks.store(UNCHECKED, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Standing, Vital};
    use crate::balance::moment::Moment;
    use crate::balance::streak::Finding;

    #[test]
    fn a_server_that_was_out_comes_back_slowly() {
        let vital = Vital::new();
        assert!(vital.is_plain());
        vital.pass_over(Moment(1_000), Duration::from_secs(10));
        assert_eq!(vital.standing(Moment(10_999)), Standing::Ejected);
        assert_eq!(vital.share(Moment(10_999), Duration::ZERO), 0);
        assert_eq!(vital.standing(Moment(11_000)), Standing::Warming(Moment(11_000)));
        assert_eq!(vital.last_absence(), Some((Moment(11_000), Duration::from_secs(10))));
        let window = Duration::from_secs(10);
        let shares: Vec<u32> = [11_000, 16_000, 21_000].map(|at| vital.share(Moment(at), window)).into();
        assert_eq!(shares, [100, 550, 1000]);
        assert!(vital.is_plain());
    }

    #[test]
    fn checks_have_the_last_word() {
        let vital = Vital::new();
        vital.checked(Finding::Good, Moment(1));
        assert!(vital.is_plain(), "a first good result is no return");
        vital.checked(Finding::Bad, Moment(5));
        assert_eq!(vital.standing(Moment(5)), Standing::Down);
        vital.checked(Finding::Good, Moment(9));
        assert_eq!(vital.standing(Moment(9)), Standing::Warming(Moment(9)));
        vital.checked(Finding::Bad, Moment(10));
        vital.unchecked();
        assert_ne!(vital.standing(Moment(11)), Standing::Down);
    }

    #[test]
    fn faults_count_in_a_row_only() {
        let vital = Vital::new();
        assert_eq!((vital.fault(), vital.fault()), (1, 2));
        vital.well();
        assert_eq!(vital.fault(), 1);
    }
}
