//! Tests whose own steps have to follow each other within a limit that the gateway keeps,
//! such as the time for a head. Nobody promises a test that it runs without a pause, so
//! each step says how long it took to come, and an attempt that failed because one came
//! late is made again. Must never: forgive a failure while the machine let the test run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

/// A machine that disturbs so many attempts in a row cannot run the test.
const ATTEMPTS: usize = 30;

thread_local! {
    static LONGEST: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// A step came so long after the one before it.
pub fn note(pause: Duration) {
    LONGEST.set(LONGEST.get().max(pause));
}

/// Runs `attempt`; again where it failed and a step of it came later than half of `limit`.
pub fn undisturbed(limit: Duration, attempt: impl Fn()) {
    for left in (0..ATTEMPTS).rev() {
        LONGEST.set(Duration::ZERO);
        match catch_unwind(AssertUnwindSafe(&attempt)) {
            Ok(()) => return,
            Err(_) if LONGEST.get() > limit / 2 && left > 0 => {
                println!("made again: a step came after {:?}, and the limit is {limit:?}", LONGEST.get());
            }
            Err(failure) => resume_unwind(failure),
        }
    }
}
