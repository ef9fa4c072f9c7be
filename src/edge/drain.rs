//! The end of the process in two steps: first nothing new is taken and what runs may
//! finish, then whatever is left is cut. The phase is one atomic that every
//! connection looks at, and a channel for those who wait.
//! Must never: go back a phase.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::Duration;

use tokio::sync::watch;

/// How long a connection with nothing under way stays open in a drain: a request may be
/// in the kernel that nobody has told us of yet.
pub(in crate::edge) const LAST_CALL: Duration = Duration::from_millis(50);

/// How far the end has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Phase {
    /// Business as usual.
    Running = 0,
    /// Not ready any more, listeners closed; requests in flight go on.
    Draining = 1,
    /// Nothing goes on.
    Ended = 2,
}

/// The phase of the whole process, shared by all workers.
#[derive(Debug)]
pub struct Drain {
    phase: AtomicU8,
    /// Whether a successor listens already.
    succeeded: AtomicBool,
    told: watch::Sender<Phase>,
}

impl Default for Drain {
    fn default() -> Drain {
        Drain {
            phase: AtomicU8::new(Phase::Running as u8),
            succeeded: AtomicBool::new(false),
            told: watch::Sender::new(Phase::Running),
        }
    }
}

impl Drain {
    /// Says that another process listens at the same sockets. The drain to come leaves
    /// callers who are about to connect to it.
    pub fn succeed(&self) {
        self.succeeded.store(true, Ordering::Release);
    }

    /// Whether another process listens at the same sockets.
    pub fn succeeded(&self) -> bool {
        self.succeeded.load(Ordering::Acquire)
    }

    /// Takes nothing new from now on; readiness says so at once.
    pub fn begin(&self) {
        self.advance(Phase::Draining);
    }

    /// Cuts what is left.
    pub fn end(&self) {
        self.advance(Phase::Ended);
    }

    /// The present phase: one load.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Ended,
        }
    }

    /// Whether anything new is refused.
    pub fn draining(&self) -> bool {
        self.phase() >= Phase::Draining
    }

    /// Waits until at least `phase` has come. The future holds nothing of `self`.
    pub fn reached(&self, phase: Phase) -> impl Future<Output = ()> + Send + 'static {
        let mut told = self.told.subscribe();
        async move {
            // A closed channel means that the gateway is gone, which is an end too.
            let _ = told.wait_for(|now| *now >= phase).await;
        }
    }

    fn advance(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.told.send_if_modified(|now| {
            let later = *now < phase;
            *now = (*now).max(phase);
            later
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Drain, Phase};

    #[tokio::test]
    async fn goes_forward_only_and_tells_late_comers() {
        let drain = Drain::default();
        assert_eq!(drain.phase(), Phase::Running);
        let early = tokio::spawn(drain.reached(Phase::Draining));
        drain.end();
        drain.begin();
        assert_eq!(drain.phase(), Phase::Ended);
        assert!(drain.draining());
        early.await.expect("the waiter is told");
        drain.reached(Phase::Ended).await;
    }
}
