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

/// The niceness of a thread that hashes. Where everybody wants the same core it gets a tenth
/// of what a request gets; the most there is would leave it a seventieth, and a sign-in on a
/// busy machine would take seconds.
const NICENESS: i32 = 10;

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
    let _ = rustix::process::setpriority_process(None, NICENESS);
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
    use std::sync::mpsc::sync_channel;
    use std::task::{Context, Poll, Waker};
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

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
        let hash = hash_password("sesame", &SeededRandom::new(1));
        // The processor time of this thread, which no neighbour adds to; the least of several.
        let spent = || {
            let spent = clock_gettime(ClockId::ThreadCPUTime);
            Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec.unsigned_abs().try_into().unwrap())
        };
        let cost = |hash: Option<&str>| {
            let once = |_| {
                let begun = spent();
                assert_eq!(super::check(&secret("x"), hash), Checked::Wrong);
                spent() - begun
            };
            (0..5).map(once).min().unwrap()
        };
        let wrong = cost(Some(&hash));
        for cheap in [cost(None), cost(Some("$x"))] {
            // A skipped hash would cost a thousandth.
            assert!(cheap * 4 > wrong, "{cheap:?} {wrong:?}");
        }
    }

    #[test]
    fn a_full_queue_answers_busy_at_once() {
        let mut context = Context::from_waker(Waker::noop());
        let mut refused = |pool: &HashingPool| {
            let mut waiting: Vec<_> = (0..256).map(|_| Box::pin(pool.check(secret("x"), None))).collect();
            let first: Vec<_> = waiting.iter_mut().map(|check| check.as_mut().poll(&mut context)).collect();
            first.iter().filter(|poll| **poll == Poll::Ready(Checked::Busy)).count()
        };
        // Nobody takes from this queue.
        let (queue, _untouched) = sync_channel(2);
        assert_eq!(refused(&HashingPool { queue }), 254);
        // A thread may take several while we fill it, and cannot take all.
        assert!(refused(&HashingPool::start(1, 1).unwrap()) > 0);
    }
}
