//! Time as a value. The edge reads a clock once per request and passes `now`
//! down; nothing below it can ask. Wall-clock seconds are all the protocol needs
//! (RFC 7519 NumericDate), so one type serves tokens, stores and revocations.
//! Must never: be read from inside the core (`token` … `oauth`).

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A span in whole seconds: lifetimes, grace, leeway.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Seconds(pub u64);

/// Seconds since 1970-01-01 UTC, leap seconds ignored (RFC 7519 §2, NumericDate).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The moment `span` later; stops at the end of the number instead of wrapping.
    pub fn after(self, span: Seconds) -> UnixTime {
        UnixTime(self.0.saturating_add(span.0))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub fn since(self, earlier: UnixTime) -> Seconds {
        Seconds(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for UnixTime {
    /// RFC 3339 in UTC, for people; the number itself when it is beyond the calendar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match i64::try_from(self.0).ok().and_then(|s| jiff::Timestamp::from_second(s).ok()) {
            Some(t) => write!(f, "{t}"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// Where `now` comes from. Law: two reads in a row may go backwards (an operator
/// sets the clock), so callers must not subtract without saturating.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> UnixTime;

    /// The present moment in milliseconds since 1970, for log lines and for where rows
    /// lie: no rule may depend on more than whole seconds.
    fn now_millis(&self) -> u64 {
        self.now().0.saturating_mul(1000)
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    /// The kernel's coarse clock: a few milliseconds late and a fifth of the price, which
    /// every request pays.
    fn now(&self) -> UnixTime {
        let now = rustix::time::clock_gettime(rustix::time::ClockId::RealtimeCoarse);
        UnixTime(u64::try_from(now.tv_sec).unwrap_or(0))
    }

    #[expect(clippy::disallowed_methods, reason = "the one adapter of the system's wall clock")]
    fn now_millis(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn at(start: UnixTime) -> ManualClock {
        ManualClock(AtomicU64::new(start.0))
    }

    /// Moves the hands forward.
    pub fn advance(&self, span: Seconds) {
        self.0.fetch_add(span.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}
