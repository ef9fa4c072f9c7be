//! A password check that is watched: how long each takes, and how many wait for a
//! thread. A wrapper, so that the pool itself counts nothing. Must never: change an
//! answer, nor how long one takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::oauth::user::{Checked, PasswordCheck};
use crate::telemetry::Telemetry;
use crate::token::secret::Secret;

/// What hashes here, as a label.
const ALGORITHM: &str = "argon2id";

/// A password check whose calls are measured, their wait for a thread included.
#[derive(Clone)]
pub struct Measured<P> {
    check: P,
    inside: Arc<AtomicU64>,
    telemetry: Arc<Telemetry>,
}

impl<P> Measured<P> {
    /// Watches `check`, which computes `threads` hashes at once; what is inside beyond
    /// them is what waits.
    pub fn new(check: P, threads: usize, telemetry: Arc<Telemetry>) -> Measured<P> {
        let inside = Arc::<AtomicU64>::default();
        let asked = Arc::clone(&inside);
        telemetry.watch_hashing(Box::new(move || {
            let waiting = asked.load(Ordering::Relaxed).saturating_sub(threads as u64);
            vec![(ALGORITHM.to_owned(), waiting)]
        }));
        Measured { check, inside, telemetry }
    }
}

impl<P: PasswordCheck> PasswordCheck for Measured<P> {
    async fn check(&self, password: Secret, hash: Option<String>) -> Checked {
        let began = Instant::now();
        let _inside = Inside::enter(&self.inside);
        let checked = self.check.check(password, hash).await;
        if checked != Checked::Busy {
            self.telemetry.password_hashed(ALGORITHM, began.elapsed());
        }
        checked
    }
}

/// One call under way; also ends when its caller stops waiting.
struct Inside<'a>(&'a AtomicU64);

impl Inside<'_> {
    fn enter(count: &AtomicU64) -> Inside<'_> {
        count.fetch_add(1, Ordering::Relaxed);
        Inside(count)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::Measured;
    use crate::clock::{ManualClock, UnixTime};
    use crate::oauth::user::{Checked, PasswordCheck};
    use crate::telemetry::Telemetry;
    use crate::token::secret::Secret;

    /// Answers when the test lets it.
    #[derive(Clone)]
    struct Held(Arc<Semaphore>);

    impl PasswordCheck for Held {
        async fn check(&self, _: Secret, hash: Option<String>) -> Checked {
            let _turn = self.0.acquire().await;
            if hash.is_some() { Checked::Right } else { Checked::Busy }
        }
    }

    #[tokio::test]
    async fn waiting_and_computing_are_told_apart() {
        let telemetry = Telemetry::quiet(1, Arc::new(ManualClock::at(UnixTime(0)))).expect("a registry");
        let gate = Arc::new(Semaphore::new(0));
        let check = Measured::new(Held(Arc::clone(&gate)), 1, Arc::clone(&telemetry));
        let line = |text: &str| telemetry.render().expect("text").lines().any(|found| found == text);
        let secret = || Secret::new("open sesame".to_owned());
        let mut calls = Box::pin(async {
            tokio::join!(
                check.check(secret(), Some("h".to_owned())),
                check.check(secret(), Some("h".to_owned())),
                check.check(secret(), None),
            )
        });
        // Polled once: all three are inside, one of them at work.
        tokio::select! {
            biased;
            _ = &mut calls => panic!("nobody opened the gate"),
            () = std::future::ready(()) => {}
        }
        assert!(line("tollgate_password_hash_queue{algorithm=\"argon2id\"} 2"));
        gate.add_permits(3);
        assert_eq!(calls.await, (Checked::Right, Checked::Right, Checked::Busy));
        assert!(line("tollgate_password_hash_queue{algorithm=\"argon2id\"} 0"));
        assert!(
            line("tollgate_password_hash_duration_seconds_count{algorithm=\"argon2id\"} 2"),
            "busy computed nothing"
        );
    }
}
