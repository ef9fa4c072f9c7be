//! Time as this machine lets it pass. A promise of the gateway's ("within a second") is
//! measured by it: on a quiet machine a span is what a clock says, on a busy one less, so
//! that a bound is broken by a gateway that waits too long and not by others who work.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// A turn counts as so long, however late it comes.
const TURN: Duration = Duration::from_millis(10);

/// A watch that runs until it is dropped.
#[derive(Debug)]
pub struct Stopwatch {
    turns: Arc<AtomicU32>,
    _stop: Sender<()>,
}

impl Stopwatch {
    /// Begins to count.
    pub fn start() -> Stopwatch {
        let (stop, stopped) = channel::<()>();
        let turns = Arc::<AtomicU32>::default();
        let count = Arc::clone(&turns);
        std::thread::spawn(move || {
            while stopped.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Stopwatch { turns, _stop: stop }
    }

    /// What has passed since.
    pub fn elapsed(&self) -> Duration {
        TURN * self.turns.load(Ordering::SeqCst)
    }
}
