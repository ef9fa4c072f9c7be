//! Whether every worker still takes its turns. Asked by whoever must tell a supervisor
//! that the process is alive; a worker that is stuck in one task does not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The question of one process, and its workers' answers.
#[derive(Debug)]
pub struct Heartbeat {
    asked: watch::Sender<u64>,
    answered: Vec<AtomicU64>,
}

impl Heartbeat {
    /// For so many workers.
    pub fn of(workers: usize) -> Arc<Heartbeat> {
        Arc::new(Heartbeat {
            asked: watch::Sender::new(0),
            answered: (0..workers).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    /// Asks all of them.
    pub fn ask(&self) {
        self.asked.send_modify(|round| *round += 1);
    }

    /// Whether all have answered the last question.
    pub fn is_answered(&self) -> bool {
        let round = *self.asked.borrow();
        self.answered.iter().all(|answer| answer.load(Ordering::Acquire) >= round)
    }

    /// Answers for one worker, for ever.
    pub(in crate::edge) async fn answer(self: Arc<Heartbeat>, worker: usize) {
        let mut asked = self.asked.subscribe();
        let pulse = Pulse { heart: &self, worker };
        loop {
            pulse.answer(*asked.borrow_and_update());
            if asked.changed().await.is_err() {
                return;
            }
        }
    }
}

/// One worker's answers. Ended, it answers every question to come.
struct Pulse<'a> {
    heart: &'a Heartbeat,
    worker: usize,
}

impl Pulse<'_> {
    fn answer(&self, round: u64) {
        if let Some(answer) = self.heart.answered.get(self.worker) {
            answer.store(round, Ordering::Release);
        }
    }
}

impl Drop for Pulse<'_> {
    fn drop(&mut self) {
        self.answer(u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Heartbeat;

    #[tokio::test]
    async fn one_silent_worker_is_enough() {
        let heart = Heartbeat::of(2);
        tokio::spawn(Arc::clone(&heart).answer(0));
        heart.ask();
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        assert!(!heart.is_answered());
        tokio::spawn(Arc::clone(&heart).answer(1));
        while !heart.is_answered() {
            tokio::task::yield_now().await;
        }
        heart.ask();
        assert!(!heart.is_answered(), "an old answer is none");
    }
}
