//! A moment on the process's monotonic clock, in milliseconds. A wall clock may jump,
//! and a server that was passed over for ten seconds must not come back after an hour.

use std::time::Duration;

/// Milliseconds since some origin; 0 is before everything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// The moment `span` later; stops at the end of the number.
    pub fn after(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(millis(span)))
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Whole milliseconds; a span beyond the number is its end.
pub fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
