//! Slow start: a server that has just come, or come back, gets a growing share, so that
//! caches and compilers warm up before the whole load is on it.

use std::time::Duration;

use crate::balance::moment::{Moment, millis};

/// A whole share, in thousandths.
pub const WHOLE: u32 = 1000;

/// Where a share begins: enough to warm up by, in thousandths.
const FIRST: u64 = 100;

/// The share, in thousandths, of a server that began to serve at `since`: from a tenth,
/// in a straight line, to the whole after `window`.
pub fn share(since: Moment, now: Moment, window: Duration) -> u32 {
    let (passed, window) = (millis(now.since(since)), millis(window));
    if passed >= window {
        return WHOLE;
    }
    let grown = FIRST + (u64::from(WHOLE) - FIRST).saturating_mul(passed) / window;
    u32::try_from(grown).unwrap_or(WHOLE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::{prop_assert, proptest};

    use super::{WHOLE, share};
    use crate::balance::moment::Moment;

    proptest! {
        #[test]
        fn a_share_only_grows_and_is_whole_in_the_end(window in 1_u64..100_000, a in 0_u64..200_000, b in 0_u64..200_000) {
            let (since, span) = (Moment(5), Duration::from_millis(window));
            let at = |passed: u64| share(since, Moment(5 + passed), span);
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert!((100..=WHOLE).contains(&at(a)));
            prop_assert!(at(window) == WHOLE);
        }
    }

    #[test]
    fn without_a_window_the_share_is_whole_at_once() {
        assert_eq!(share(Moment(9), Moment(9), Duration::ZERO), WHOLE);
        assert_eq!(share(Moment(0), Moment(500), Duration::from_secs(1)), 550);
    }
}
