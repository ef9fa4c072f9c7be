//! The pool that computes password hashes: a few threads of its own and a short queue,
//! so that a flood of sign-ins costs its own cores and memory (19 MiB a thread while
//! it hashes) and nobody else's time. At the bound of the queue the answer is `Busy`.
//! Must never: answer sooner because a user is unknown.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::oneshot;

use crate::oauth::user::{Checked, PasswordCheck};
use crate::token::secret::Secret;
use crate::users::phc::PasswordDigest;

/// The niceness of a thread that hashes: the most there is.
const LEAST: i32 = 19;

/// Threads that hash, and the queue before them. Dropping it ends the threads once
/// they have answered what they took.
#[derive(Clone, Debug)]
pub struct HashingPool {
    queue: SyncSender<Job>,
}

#[derive(Debug)]
struct Job {
    password: Secret,
    hash: Option<String>,
    answer: oneshot::Sender<Checked>,
}

impl HashingPool {
    /// Starts `workers` threads (at least one); `queue` checks may wait for them.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(workers: usize, queue: usize) -> io::Result<HashingPool> {
        let (sender, receiver) = sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for i in 0..workers.max(1) {
            let receiver = Arc::clone(&receiver);
            thread::Builder::new().name(format!("hashing-{i}")).spawn(move || {
                step_back();
                work(&receiver);
            })?;
        }
        Ok(HashingPool { queue: sender })
    }
}

impl PasswordCheck for HashingPool {
    async fn check(&self, password: Secret, hash: Option<String>) -> Checked {
        let (answer, answered) = oneshot::channel();
        match self.queue.try_send(Job { password, hash, answer }) {
            Ok(()) => answered.await.unwrap_or(Checked::Busy),
            Err(_) => Checked::Busy,
        }
    }
}

/// Lets everybody else go first where they want the same core: a hash takes 16 ms, and a
/// request that had to wait for one would be felt. On Linux the priority is a thread's own.
fn step_back() {
    // Where it is not allowed, hashes are as important as everything else.
    let _ = rustix::process::setpriority_process(None, LEAST);
}

fn work(receiver: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: whoever has it takes the next job, and the
        // others stand in line behind it.
        let next = receiver.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).recv();
        let Ok(job) = next else { return };
        // Who stopped waiting needs no answer, and must not cost one.
        if !job.answer.is_closed() {
            let checked = check(&job.password, job.hash.as_deref());
            job.answer.send(checked).ok();
        }
    }
}

/// One slow hash, whatever there is to compare with.
fn check(password: &Secret, hash: Option<&str>) -> Checked {
    let given = hash.and_then(|text| PasswordDigest::parse(text).ok());
    let known = given.is_some();
    let fits = given.or_else(PasswordDigest::nobodys).is_some_and(|digest| digest.fits(password.expose()));
    if fits && known { Checked::Right } else { Checked::Wrong }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, Instant};

    use super::HashingPool;
    use crate::oauth::user::{Checked, PasswordCheck};
    use crate::random::SeededRandom;
    use crate::token::secret::Secret;
    use crate::users::phc::hash_password;

    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().build().unwrap()
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn checks_right_wrong_unknown_and_broken() {
        let pool = HashingPool::start(2, 8).unwrap();
        let hash = hash_password("sesame", &SeededRandom::new(1));
        runtime().block_on(async {
            assert_eq!(pool.check(secret("sesame"), Some(hash.clone())).await, Checked::Right);
            assert_eq!(pool.check(secret("sesam"), Some(hash)).await, Checked::Wrong);
            assert_eq!(pool.check(secret("sesame"), None).await, Checked::Wrong);
            assert_eq!(pool.check(secret("sesame"), Some("$broken".into())).await, Checked::Wrong);
        });
    }

    #[test]
    fn unknown_costs_what_wrong_costs() {
        let pool = HashingPool::start(1, 8).unwrap();
        let hash = hash_password("sesame", &SeededRandom::new(1));
        let timed = |hash: Option<String>| {
            let mut spans: Vec<Duration> = (0..5)
                .map(|_| {
                    let begun = Instant::now();
                    assert_eq!(runtime().block_on(pool.check(secret("x"), hash.clone())), Checked::Wrong);
                    begun.elapsed()
                })
                .collect();
            spans.sort();
            spans[0]
        };
        let (unknown, broken, wrong) = (timed(None), timed(Some("$x".into())), timed(Some(hash)));
        for cheap in [unknown, broken] {
            // A skipped hash would cost a thousandth; half a machine's noise is allowed for.
            assert!(cheap * 4 > wrong, "{cheap:?} {wrong:?}");
        }
    }

    #[test]
    fn a_full_queue_answers_busy_at_once() {
        let pool = HashingPool::start(1, 1).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        let mut waiting: Vec<_> = (0..16).map(|_| Box::pin(pool.check(secret("x"), None))).collect();
        let first: Vec<_> = waiting.iter_mut().map(|check| check.as_mut().poll(&mut context)).collect();
        let busy = first.iter().filter(|poll| **poll == Poll::Ready(Checked::Busy)).count();
        // One is computed, one waits; the thread may take a third while we fill the queue.
        assert!(busy >= 12, "{busy} of 16 were refused");
    }
}
