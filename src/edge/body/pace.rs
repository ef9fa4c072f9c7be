//! How fast a body comes, on average over the time in which we are the ones who wait.
//! A time-out between two pieces lets one byte a time keep an upload open for ever;
//! this ends it. Must never: count the time in which a backend or we are the slow ones.

use std::time::Duration;

use crate::edge::worker::pulse::Tick;
use crate::snapshot::DoorLimits;

/// Waiting that is not held against anybody: a slow start, a lost packet or two. Less
/// where the listener lets bodies pause for less.
pub const GRACE: Duration = Duration::from_secs(10);

/// The pace of one body.
#[derive(Debug)]
pub struct Pace {
    /// Bytes that there should be in a second.
    rate: u64,
    grace: Duration,
    bytes: u64,
    waited: Duration,
    since: Option<Tick>,
}

/// What a pace comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may go on.
    Bearable,
    /// Below the rate for longer than the grace.
    TooSlow,
}

impl Pace {
    /// A body that begins now.
    pub fn of(limits: &DoorLimits) -> Pace {
        Pace::new(limits.body_rate, limits.body_timeout)
    }

    fn new(rate: u64, pause: Duration) -> Pace {
        Pace { rate, grace: GRACE.min(pause), bytes: 0, waited: Duration::ZERO, since: None }
    }

    /// Nothing is there: the wait begins, unless it has.
    pub fn waits(&mut self, now: Tick) {
        self.since.get_or_insert(now);
    }

    /// So many bytes have come.
    pub fn came(&mut self, bytes: usize, now: Tick) -> Verdict {
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if let Some(since) = self.since.take() {
            self.waited += now.since(since);
        }
        let held = self.waited.saturating_sub(self.grace).as_millis();
        if u128::from(self.bytes) * 1_000 < held.saturating_mul(u128::from(self.rate)) {
            Verdict::TooSlow
        } else {
            Verdict::Bearable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{GRACE, Pace, Verdict};
    use crate::edge::worker::pulse::Tick;

    /// A body of which `bytes` come each second, until it is too slow; in seconds.
    fn lasts(bytes: usize, rate: u64) -> Option<u64> {
        let mut pace = Pace::new(rate, Duration::from_secs(30));
        let mut now = Tick::now();
        for second in 1..1_000 {
            pace.waits(now);
            now = now.after(Duration::from_secs(1));
            if pace.came(bytes, now) == Verdict::TooSlow {
                return Some(second);
            }
        }
        None
    }

    #[test]
    fn a_trickle_ends_soon_after_the_grace_and_the_rate_itself_never() {
        let soon = GRACE.as_secs() + 1;
        assert_eq!(lasts(1, 240), Some(soon));
        assert_eq!(lasts(240, 240), None);
        assert!(lasts(200, 240).is_some_and(|second| second > 5 * soon), "nearly fast enough lasts long");
    }

    #[test]
    fn our_own_slowness_is_nobodys_fault() {
        let mut pace = Pace::new(240, Duration::from_secs(30));
        let mut now = Tick::now();
        for _ in 0..100 {
            // Nobody asks for more in this time: the backend is busy.
            now = now.after(Duration::from_secs(60));
            assert_eq!(pace.came(1, now), Verdict::Bearable);
        }
    }
}
