//! The clock of limits: monotonic, so that nobody gets a full bucket by a clock that is
//! set, and finer than the wall clock of tokens.

use std::sync::OnceLock;
use std::time::Instant;

use crate::traffic::rate::Moment;

/// The present moment, in nanoseconds since the process first asked.
pub fn now() -> Moment {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let since = ORIGIN.get_or_init(Instant::now).elapsed();
    Moment(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}
