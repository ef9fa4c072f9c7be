//! When to order a certificate, and when again. Renewal begins when a third of its life is
//! left, a little earlier by chance, so that gateways that began together do not come
//! together. After a failure the wait doubles, and however often a gateway is restarted,
//! one certificate costs few orders an hour: an authority's rate limits must never be the
//! next failure. All of it is pure: time and chance are arguments.

use crate::clock::{Seconds, UnixTime};

/// The first wait after a failure, and the longest.
const WAITS: (Seconds, Seconds) = (Seconds(60), Seconds(12 * 3_600));

/// The longest wait that an authority may ask for.
const MAX_RETRY_AFTER: Seconds = Seconds(24 * 3_600);

/// When an authority is asked for advice again that gave none, and the bounds of what it may
/// ask for.
const ASK: Seconds = Seconds(6 * 3_600);
const ASK_BOUNDS: (Seconds, Seconds) = (Seconds(3_600), Seconds(24 * 3_600));

/// Orders of one certificate within an hour, restarts included. Let's Encrypt allows five
/// failures.
pub const MAX_ORDERS_AN_HOUR: usize = 4;

/// What `MAX_ORDERS_AN_HOUR` counts in.
pub const HOUR: Seconds = Seconds(3_600);

/// The part of the last third by which renewal may come earlier.
const SPREAD: u64 = 10;

/// The life of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Life {
    /// Its first second.
    pub from: UnixTime,
    /// Its last.
    pub until: UnixTime,
}

impl Life {
    /// When it should be renewed; `chance` is drawn once for each certificate.
    pub fn renewal(&self, chance: u16) -> UnixTime {
        let third = self.until.since(self.from).0 / 3;
        let earlier = share(third / SPREAD, chance);
        UnixTime(self.until.0.saturating_sub(third + earlier))
    }
}

/// When an authority wants a certificate renewed (RFC 9773 §4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Its first second.
    pub from: UnixTime,
    /// Its last.
    pub until: UnixTime,
}

impl Window {
    /// A moment in it; one that has passed is now.
    pub fn moment(&self, chance: u16) -> UnixTime {
        self.from.after(Seconds(share(self.until.since(self.from).0, chance)))
    }
}

/// When an authority is asked for advice again: as it says, within bounds.
pub fn ask_again(asked: Option<Seconds>) -> Seconds {
    asked.unwrap_or(ASK).clamp(ASK_BOUNDS.0, ASK_BOUNDS.1)
}

/// How long to wait after so many failures in a row, at least as long as the authority
/// asked for; up to a quarter more by chance.
pub fn wait_after(failures: u32, asked: Option<Seconds>, chance: u16) -> Seconds {
    let doubled = WAITS.0.0.saturating_mul(1 << failures.saturating_sub(1).min(20));
    let wait = doubled.min(WAITS.1.0);
    let wait = wait.max(asked.map_or(0, |asked| asked.0.min(MAX_RETRY_AFTER.0)));
    Seconds(wait + share(wait / 4, chance))
}

/// When the next order may be placed after those that were placed at these moments; in the
/// past if now.
pub fn next_order(placed: &[UnixTime], now: UnixTime) -> UnixTime {
    // What a clock that was set back has left in the future does not count.
    let mut recent: Vec<UnixTime> =
        placed.iter().copied().filter(|at| *at <= now && now.since(*at).0 < HOUR.0).collect();
    recent.sort_unstable();
    match recent.len().checked_sub(MAX_ORDERS_AN_HOUR) {
        Some(index) => recent[index].after(HOUR),
        None => now,
    }
}

fn share(of: u64, chance: u16) -> u64 {
    of.saturating_mul(u64::from(chance)) / u64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Life, MAX_ORDERS_AN_HOUR, Window, ask_again, next_order, wait_after};
    use crate::clock::{Seconds, UnixTime};

    const DAY: u64 = 86_400;

    #[test]
    fn a_month_before_ninety_days_are_over_or_three_days_earlier() {
        let life = Life { from: UnixTime(1_000 * DAY), until: UnixTime(1_090 * DAY) };
        assert_eq!(life.renewal(0), UnixTime(1_060 * DAY));
        assert_eq!(life.renewal(u16::MAX), UnixTime(1_057 * DAY));
        let turned = Life { from: UnixTime(9), until: UnixTime(5) };
        assert_eq!(turned.renewal(u16::MAX), UnixTime(5), "a life that ends before it begins has no third");
    }

    #[test]
    fn waits_double_up_to_half_a_day() {
        let waits: Vec<u64> = [1, 2, 3, 10, 11, u32::MAX].iter().map(|n| wait_after(*n, None, 0).0).collect();
        assert_eq!(waits, [60, 120, 240, 30_720, 43_200, 43_200]);
        assert_eq!(wait_after(1, None, u16::MAX), Seconds(75));
    }

    #[test]
    fn an_authority_is_asked_when_it_wants_within_a_day() {
        assert_eq!(wait_after(1, Some(Seconds(3_600)), 0), Seconds(3_600));
        assert_eq!(wait_after(3, Some(Seconds(5)), 0), Seconds(240), "not earlier than by our own rule");
        assert_eq!(wait_after(1, Some(Seconds(u64::MAX)), 0), Seconds(DAY));
    }

    #[test]
    fn advice_is_a_moment_in_its_window_and_asked_for_within_bounds() {
        let window = Window { from: UnixTime(1_000), until: UnixTime(2_000) };
        assert_eq!((window.moment(0), window.moment(u16::MAX)), (UnixTime(1_000), UnixTime(2_000)));
        let turned = Window { from: UnixTime(1_000), until: UnixTime(500) };
        assert_eq!(turned.moment(u16::MAX), UnixTime(1_000));
        assert_eq!(ask_again(None), Seconds(21_600));
        assert_eq!((ask_again(Some(Seconds(0))), ask_again(Some(Seconds(u64::MAX)))), (Seconds(3_600), Seconds(DAY)));
    }

    #[test]
    fn an_hour_has_few_orders() {
        let now = UnixTime(10_000);
        let mut placed = vec![UnixTime(1_000), UnixTime(20_000)];
        for n in 0..MAX_ORDERS_AN_HOUR as u64 {
            assert_eq!(next_order(&placed, now), now, "after {n}");
            placed.push(UnixTime(9_000 + n));
        }
        assert_eq!(next_order(&placed, now), UnixTime(12_600), "an hour after the first of them");
        placed.push(UnixTime(9_900));
        assert_eq!(next_order(&placed, now), UnixTime(12_601), "after the second, then");
        assert_eq!(next_order(&placed, UnixTime(12_601)), UnixTime(12_601));
    }
}
