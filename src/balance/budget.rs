//! The retry budget: how many requests may be sent again, as a share of those that are
//! sent at all, and a few a second besides. When everything fails, retries would double
//! the load on what is left; with a budget they add their share and no more. It is
//! looked at only when somebody wants to try again, so requests pay nothing for it.

use std::time::Duration;

use crate::balance::moment::Moment;

/// How far back requests count, in milliseconds.
const WINDOW_MS: f64 = 10_000.0;

/// What may be sent again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Allowance {
    /// Share of the requests, 0.0 to 1.0 and more.
    pub ratio: f64,
    /// Tries a second besides.
    pub per_second: f64,
}

/// What is left of it. Deposits fade with a time constant of `WINDOW_MS`.
#[derive(Clone, Debug)]
pub struct Budget {
    left: f64,
    at: Moment,
    /// Requests at `at`.
    seen: u64,
}

/// Whether a request may be sent again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may, and that was paid for.
    Granted,
    /// The budget is exhausted.
    Exhausted,
}

impl Budget {
    /// A budget that begins at `now` with what a quiet window would have left.
    pub fn new(now: Moment, requests: u64, allowance: Allowance) -> Budget {
        Budget { left: allowance.per_second * WINDOW_MS / 1000.0, at: now, seen: requests }
    }

    /// Pays for one try. `requests` is how many were ever sent, tries not counted.
    pub fn spend(&mut self, now: Moment, requests: u64, allowance: Allowance) -> Verdict {
        self.accrue(now, requests, allowance);
        if self.left < 1.0 {
            return Verdict::Exhausted;
        }
        self.left -= 1.0;
        Verdict::Granted
    }

    fn accrue(&mut self, now: Moment, requests: u64, allowance: Allowance) {
        let passed = millis(now.since(self.at));
        let fresh = requests.saturating_sub(self.seen) as f64;
        let faded = (-passed / WINDOW_MS).exp();
        // What came at an even pace since then has faded by this much on average.
        let kept = if passed > 0.0 { (1.0 - faded) * WINDOW_MS / passed } else { 1.0 };
        let deposits = allowance.ratio * fresh * kept + allowance.per_second * passed / 1000.0 * kept;
        self.left = self.left * faded + deposits;
        self.at = self.at.max(now);
        self.seen = self.seen.max(requests);
    }
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};

    use super::{Allowance, Budget, Verdict};
    use crate::balance::moment::Moment;

    const FIFTH: Allowance = Allowance { ratio: 0.2, per_second: 2.0 };

    /// Retries granted within `seconds`, when each of `rate` requests a second fails and
    /// asks for one.
    fn storm(rate: u64, seconds: u64, allowance: Allowance) -> u64 {
        let mut budget = Budget::new(Moment(0), 0, allowance);
        (1..=rate * seconds)
            .filter(|sent| budget.spend(Moment(sent * 1000 / rate), *sent, allowance) == Verdict::Granted)
            .count() as u64
    }

    #[test]
    fn a_storm_adds_its_share_and_no_more() {
        let granted = storm(100, 60, FIFTH);
        // A fifth of 6,000, two a second, and the twenty of the beginning.
        assert!(granted.abs_diff(1_200 + 120 + 20) <= 40, "{granted}");
        let quiet = storm(100, 60, Allowance { ratio: 0.0, per_second: 1.0 });
        assert!(quiet.abs_diff(60 + 10) <= 10, "{quiet}");
    }

    #[test]
    fn what_was_not_used_fades() {
        let mut budget = Budget::new(Moment(0), 0, FIFTH);
        // An hour of a thousand requests a second leaves what the last seconds are worth.
        let later = Moment(3_600_000);
        let granted = (0..100_000).take_while(|_| budget.spend(later, 3_600_000, FIFTH) == Verdict::Granted).count();
        assert!((1_900..=2_100).contains(&granted), "{granted}");
    }

    #[test]
    fn nothing_allowed_is_nothing_granted() {
        let none = Allowance { ratio: 0.0, per_second: 0.0 };
        assert_eq!(storm(1_000, 10, none), 0);
    }

    proptest! {
        #[test]
        fn never_more_than_was_earned(rate in 1_u64..500, seconds in 1_u64..30, ratio in 0.0_f64..1.0, per_second in 0.0_f64..20.0) {
            let allowance = Allowance { ratio, per_second };
            let earned = ratio * (rate * seconds) as f64 + per_second * (seconds as f64 + 10.0);
            prop_assert!(storm(rate, seconds, allowance) as f64 <= earned + 1.0);
        }
    }
}
