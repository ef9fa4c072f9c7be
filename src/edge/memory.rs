//! How much memory the process holds, and what is done about it. What one connection can
//! hold is bounded (`ceiling.rs`); this bounds the sum. Beyond the first mark new
//! connections wait in the kernel's queue, beyond the second new requests are answered 503
//! and idle connections are closed, the longest idle first. What is under way goes on: it
//! holds what its windows allow whether it moves or not, and gives that back when it ends.
//! Must never: refuse everything. Memory that no caller can give back would keep the
//! gateway shut for good, so some always get in, at a rate that is bounded.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::edge::worker::pulse::{AtomicTick, Tick};

/// How often somebody gets in all the same: a connection of each listener and worker while
/// memory is tight, a request of the whole process while it is full.
pub const TRICKLE: Duration = Duration::from_millis(100);

/// The longest that a connection may be idle at the first look that finds memory full. It
/// is halved with each further one, so that the longest idle go first.
const FIRST_PATIENCE: Duration = Duration::from_secs(32);

/// Below this patience all idle connections go.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Marks in sixteenths of the limit.
mod marks {
    /// From here on memory is full.
    pub const FULL: u64 = 15;
    /// From here on it is tight.
    pub const TIGHT: u64 = 14;
    /// Below this it is no longer full.
    pub const LESS_FULL: u64 = 14;
    /// Below this it is no longer tight.
    pub const CALM: u64 = 13;
}

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Pressure {
    /// Business as usual.
    Calm = 0,
    /// New connections wait.
    Tight = 1,
    /// New requests are refused, idle connections closed.
    Full = 2,
}

impl Pressure {
    /// How it stands with `used` bytes of `limit`, when it stood like `before`: a state is
    /// left below the mark at which it was entered, or it would change with every look.
    pub fn judge(before: Pressure, used: u64, limit: u64) -> Pressure {
        let beyond = |sixteenths: u64| used >= limit / 16 * sixteenths;
        let full = if before == Pressure::Full { marks::LESS_FULL } else { marks::FULL };
        let tight = if before == Pressure::Calm { marks::TIGHT } else { marks::CALM };
        match (beyond(full), beyond(tight)) {
            (true, _) => Pressure::Full,
            (false, true) => Pressure::Tight,
            (false, false) => Pressure::Calm,
        }
    }
}

/// What the last look has found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// How it stands.
    pub pressure: Pressure,
    /// How long a connection may be idle.
    patience: Duration,
}

/// The memory of the process, as its workers see it.
#[derive(Debug)]
pub struct Memory {
    /// Read once by every request.
    pressure: AtomicU8,
    /// How long a connection may be idle, in milliseconds.
    patience: AtomicU64,
    used: AtomicU64,
    limit: AtomicU64,
    /// When the last request got in that was to be refused.
    trickled: AtomicTick,
    told: watch::Sender<Look>,
}

impl Default for Memory {
    fn default() -> Memory {
        let calm = Look { pressure: Pressure::Calm, patience: Duration::MAX };
        Memory {
            pressure: AtomicU8::new(Pressure::Calm as u8),
            patience: AtomicU64::new(u64::MAX),
            used: AtomicU64::new(0),
            limit: AtomicU64::new(0),
            trickled: AtomicTick::new(Tick::now()),
            told: watch::Sender::new(calm),
        }
    }
}

impl Memory {
    /// Notes what a look has found; what stood before, and what stands now.
    pub fn note(&self, used: u64, limit: u64) -> (Pressure, Pressure) {
        let Look { pressure: before, patience } = *self.told.borrow();
        let pressure = Pressure::judge(before, used, limit);
        let patience = match (before, pressure) {
            (_, Pressure::Calm | Pressure::Tight) => Duration::MAX,
            (Pressure::Calm | Pressure::Tight, Pressure::Full) => FIRST_PATIENCE,
            (Pressure::Full, Pressure::Full) if patience <= LAST_PATIENCE => Duration::ZERO,
            (Pressure::Full, Pressure::Full) => patience / 2,
        };
        self.used.store(used, Ordering::Relaxed);
        self.limit.store(limit, Ordering::Relaxed);
        self.patience.store(u64::try_from(patience.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.pressure.store(pressure as u8, Ordering::Relaxed);
        let look = Look { pressure, patience };
        self.told.send_if_modified(|told| std::mem::replace(told, look) != look);
        (before, pressure)
    }

    /// How it stands: one load.
    pub fn pressure(&self) -> Pressure {
        match self.pressure.load(Ordering::Relaxed) {
            0 => Pressure::Calm,
            1 => Pressure::Tight,
            _ => Pressure::Full,
        }
    }

    /// Bytes held at the last look, and the limit; a limit of 0 is none.
    pub fn figures(&self) -> (u64, u64) {
        (self.used.load(Ordering::Relaxed), self.limit.load(Ordering::Relaxed))
    }

    /// Whether a request that begins now is to be refused.
    pub fn refuses(&self) -> bool {
        self.pressure() == Pressure::Full && !self.lets_one_in(Tick::now())
    }

    /// Whether this is the one that gets in all the same. Two that come at the same instant
    /// may both.
    fn lets_one_in(&self, now: Tick) -> bool {
        let due = now.since(self.trickled.load()) >= TRICKLE;
        if due {
            self.trickled.store(now);
        }
        due
    }

    /// How long a connection may be idle that may be so for `limit` otherwise.
    pub fn patience(&self, limit: Duration) -> Duration {
        limit.min(Duration::from_millis(self.patience.load(Ordering::Relaxed)))
    }

    /// Who wants to know of every change.
    pub fn watch(&self) -> watch::Receiver<Look> {
        self.told.subscribe()
    }

    /// Waits until a connection may be taken.
    pub async fn room(&self) {
        let mut told = self.watch();
        // Ended by either: calm, or the turn of one that gets in all the same.
        let calm = told.wait_for(|look| look.pressure == Pressure::Calm);
        let _ = tokio::time::timeout(TRICKLE, calm).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Memory, Pressure, TRICKLE};
    use crate::edge::worker::pulse::Tick;

    #[test]
    fn each_state_is_left_below_the_mark_at_which_it_was_entered() {
        use Pressure::{Calm, Full, Tight};
        let mut stands = Calm;
        for (used, then) in [(139, Calm), (140, Tight), (149, Tight), (150, Full), (141, Full), (139, Tight)] {
            stands = Pressure::judge(stands, used, 160);
            assert_eq!(stands, then, "{used}");
        }
        assert_eq!(Pressure::judge(Tight, 130, 160), Tight);
        assert_eq!(Pressure::judge(Tight, 129, 160), Calm);
        assert_eq!(Pressure::judge(Full, 0, 160), Calm);
        assert_eq!(Pressure::judge(Calm, 160, 160), Full);
    }

    #[test]
    fn patience_shrinks_while_memory_is_full_and_comes_back() {
        let memory = Memory::default();
        let patience = || memory.patience(Duration::from_secs(60));
        assert_eq!(patience(), Duration::from_secs(60));
        memory.note(159, 160);
        assert_eq!(patience(), Duration::from_secs(32));
        memory.note(159, 160);
        assert_eq!(patience(), Duration::from_secs(16));
        for _ in 0..10 {
            memory.note(159, 160);
        }
        assert_eq!(patience(), Duration::ZERO);
        memory.note(135, 160);
        assert_eq!((patience(), memory.pressure()), (Duration::from_secs(60), Pressure::Tight));
    }

    #[test]
    fn full_memory_still_lets_some_in() {
        let memory = Memory::default();
        memory.note(1, 0);
        assert_eq!(memory.pressure(), Pressure::Full, "whatever is beyond all bounds");
        let now = Tick::now().after(TRICKLE);
        assert!(memory.lets_one_in(now));
        assert!(!memory.lets_one_in(now.after(TRICKLE / 2)));
        assert!(memory.lets_one_in(now.after(TRICKLE)));
    }
}
