//! Time-outs without timers. A wait is a number in an atomic cell; one task per
//! worker sweeps all cells now and then and wakes whoever is late. Arming one costs a
//! store and reads no clock, so every read of every request can have its own time-out:
//! the wait is counted from the first sweep that sees it. The price is precision: a
//! pulse fires up to two sweep intervals late.
//! Must never: fire early, or keep a connection alive.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::Waker;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use crate::balance::moment::Moment;

/// The shortest and the longest distance between two sweeps.
pub const INTERVALS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(500));

/// A sweep comes about this many times within the shortest time-out.
const SWEEPS_PER_TIMEOUT: u32 = 10;

/// Milliseconds on the monotonic clock; never 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Tick(u64);

impl Tick {
    /// The present moment, from the system's monotonic clock (some 25 ns).
    pub fn now() -> Tick {
        Tick::of(ClockId::Monotonic)
    }

    /// The present moment or a few milliseconds before it, for a fifth of the price.
    pub fn about_now() -> Tick {
        Tick::of(ClockId::MonotonicCoarse)
    }

    fn of(clock: ClockId) -> Tick {
        let now = clock_gettime(clock);
        let whole = u64::try_from(now.tv_sec).unwrap_or(0).saturating_mul(1000);
        Tick(whole.saturating_add(u64::try_from(now.tv_nsec).unwrap_or(0) / 1_000_000).saturating_add(1))
    }

    /// The same moment for the rules of `balance`.
    pub fn moment(self) -> Moment {
        Moment(self.0)
    }

    /// The moment `span` later, rounded up to a millisecond.
    pub fn after(self, span: Duration) -> Tick {
        Tick(self.0.saturating_add(millis_up(span)))
    }

    /// Milliseconds since that first moment.
    pub fn millis(self) -> u64 {
        self.0
    }

    /// How long ago `earlier` was; zero if it is still to come.
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A tick that several may read and write.
#[derive(Debug)]
pub struct AtomicTick(AtomicU64);

impl AtomicTick {
    /// Begins with `tick`.
    pub fn new(tick: Tick) -> AtomicTick {
        AtomicTick(AtomicU64::new(tick.0))
    }

    /// The last tick stored.
    pub fn load(&self) -> Tick {
        Tick(self.0.load(Ordering::Relaxed))
    }

    /// Puts `tick` in its place.
    pub fn store(&self, tick: Tick) {
        self.0.store(tick.0, Ordering::Relaxed);
    }
}

/// In a deadline: the wait has begun, and no sweep has seen it yet; the rest is its
/// length in milliseconds.
const UNSEEN: u64 = 1 << 63;

/// One possible wait of one task. At rest, armed, or fired.
#[derive(Debug, Default)]
pub struct Pulse {
    /// When to fire, as a tick, or `UNSEEN` and for how long; 0 at rest.
    deadline: AtomicU64,
    fired: AtomicBool,
    waker: Mutex<Option<Waker>>,
    /// Which waker that is: its data and its functions. What is held cannot be another's.
    known: [AtomicUsize; 2],
}

impl Pulse {
    /// Fires when `after` has passed, instead of whenever it was armed for before.
    pub fn arm(&self, after: Duration) {
        self.fired.store(false, Ordering::Relaxed);
        self.deadline.store(UNSEEN | millis_up(after).min(UNSEEN - 1), Ordering::Release);
    }

    /// Back to rest: the wait is over, and a fired pulse is forgotten.
    pub fn rest(&self) {
        self.deadline.store(0, Ordering::Relaxed);
        self.fired.store(false, Ordering::Relaxed);
    }

    /// Whether the wait it was armed for took too long.
    pub fn fired(&self) -> bool {
        self.fired.load(Ordering::Acquire)
    }

    /// Who is woken when it fires. Call it before every `Pending`, as with any waker;
    /// the same waker again costs no clone.
    pub fn register(&self, waker: &Waker) {
        let this = [waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr()];
        if self.known.each_ref().map(|half| half.load(Ordering::Relaxed)) == this {
            return;
        }
        let mut seat = lock(&self.waker);
        *seat = Some(waker.clone());
        self.known.iter().zip(this).for_each(|(half, this)| half.store(this, Ordering::Relaxed));
    }

    /// Whether its wait is over at `now`; a wait that was not seen before begins.
    fn due(&self, now: Tick) -> bool {
        let deadline = self.deadline.load(Ordering::Acquire);
        if deadline & UNSEEN == 0 {
            return deadline != 0 && deadline <= now.0;
        }
        let seen = now.0.saturating_add(deadline & !UNSEEN).min(UNSEEN - 1);
        // Armed anew meanwhile, it is for the next sweep to see.
        let _ = self.deadline.compare_exchange(deadline, seen, Ordering::Relaxed, Ordering::Relaxed);
        false
    }

    fn fire(&self) {
        self.deadline.store(0, Ordering::Relaxed);
        self.fired.store(true, Ordering::Release);
        self.alert();
    }

    fn alert(&self) {
        let waker = lock(&self.waker).clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// All pulses of one worker. Holds them weakly: a pulse ends with its connection.
#[derive(Debug)]
pub struct Pulses {
    members: Mutex<Vec<Weak<Pulse>>>,
    /// The tick of the last sweep.
    tick: AtomicTick,
    /// Milliseconds between sweeps.
    interval: AtomicU64,
    /// Rung when the first member joins an empty registry, which is not swept.
    bell: Notify,
}

impl Default for Pulses {
    fn default() -> Pulses {
        Pulses {
            members: Mutex::default(),
            tick: AtomicTick::new(Tick::now()),
            interval: AtomicU64::new(millis(INTERVALS.1)),
            bell: Notify::new(),
        }
    }
}

impl Pulses {
    /// A new pulse at rest. Bounded by what holds it: connections are.
    pub fn enrol(&self) -> Arc<Pulse> {
        let pulse = Arc::new(Pulse::default());
        let mut members = lock(&self.members);
        if members.is_empty() {
            self.tick.store(Tick::now());
            self.bell.notify_one();
        }
        members.push(Arc::downgrade(&pulse));
        pulse
    }

    /// The time of the last sweep: free to read, and up to one interval old.
    pub fn tick(&self) -> Tick {
        self.tick.load()
    }

    /// Distance between two sweeps.
    pub fn interval(&self) -> Duration {
        Duration::from_millis(self.interval.load(Ordering::Relaxed))
    }

    /// Fits the interval to the shortest time-out that is configured.
    pub fn fit(&self, shortest: Duration) {
        let wanted = (shortest / SWEEPS_PER_TIMEOUT).clamp(INTERVALS.0, INTERVALS.1);
        self.interval.store(millis(wanted), Ordering::Relaxed);
    }

    /// Fires what is due at `now` and forgets the pulses nobody holds.
    pub fn sweep(&self, now: Tick) {
        self.tick.store(now);
        for pulse in self.living(|pulse| pulse.due(now)) {
            pulse.fire();
        }
    }

    /// Wakes every task with a registered pulse, due or not: something it watches
    /// besides its socket has changed, such as the beginning of the drain.
    pub fn wake_all(&self) {
        for pulse in self.living(|_| true) {
            pulse.alert();
        }
    }

    /// Sweeps for ever; sleeps while there is nothing to sweep. One task per worker.
    pub async fn run(&self) {
        loop {
            if lock(&self.members).is_empty() {
                self.bell.notified().await;
            }
            tokio::time::sleep(self.interval()).await;
            self.sweep(Tick::now());
        }
    }

    /// The living pulses that `wanted` picks, taken out of the lock: waking may drop a
    /// task, and with it pulses and whatever else it holds.
    fn living(&self, wanted: impl Fn(&Pulse) -> bool) -> Vec<Arc<Pulse>> {
        let mut picked = Vec::new();
        lock(&self.members).retain(|member| match member.upgrade() {
            Some(pulse) => {
                if wanted(&pulse) {
                    picked.push(pulse);
                }
                true
            }
            None => false,
        });
        picked
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn millis_up(span: Duration) -> u64 {
    millis(span).saturating_add(u64::from(!span.subsec_nanos().is_multiple_of(1_000_000)))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};
    use std::time::Duration;

    use super::{INTERVALS, Pulses, Tick};

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn fires_once_when_due_and_not_before() {
        let pulses = Pulses::default();
        let pulse = pulses.enrol();
        let count = Arc::new(Count::default());
        pulse.register(&Waker::from(Arc::clone(&count)));
        let start = Tick::now();
        pulse.arm(Duration::from_millis(50));
        pulses.sweep(start);
        assert!(!pulse.fired());
        pulses.sweep(start.after(Duration::from_millis(49)));
        assert!(!pulse.fired());
        pulses.sweep(start.after(Duration::from_millis(50)));
        assert!(pulse.fired());
        pulses.sweep(start.after(Duration::from_millis(500)));
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn at_rest_never_fires_and_forgets_that_it_did() {
        let pulses = Pulses::default();
        let pulse = pulses.enrol();
        let start = Tick::now();
        pulse.arm(Duration::from_millis(1));
        pulse.rest();
        pulses.sweep(start.after(Duration::from_secs(8)));
        pulses.sweep(start.after(Duration::from_secs(9)));
        assert!(!pulse.fired());
        pulse.arm(Duration::from_millis(1));
        pulses.sweep(start.after(Duration::from_secs(10)));
        assert!(!pulse.fired(), "the wait begins with the sweep that sees it");
        pulses.sweep(start.after(Duration::from_secs(11)));
        assert!(pulse.fired());
        pulse.rest();
        assert!(!pulse.fired());
    }

    #[test]
    fn dropped_pulses_leave_the_registry() {
        let pulses = Pulses::default();
        let kept = pulses.enrol();
        drop(pulses.enrol());
        pulses.sweep(Tick::now());
        assert_eq!(super::lock(&pulses.members).len(), 1);
        drop(kept);
        pulses.sweep(Tick::now());
        assert!(super::lock(&pulses.members).is_empty());
    }

    #[test]
    fn a_part_of_a_millisecond_counts_whole() {
        let start = Tick::now();
        assert_eq!(start.after(Duration::from_micros(1)).since(start), Duration::from_millis(1));
        assert_eq!(start.since(start.after(Duration::from_secs(1))), Duration::ZERO);
    }

    #[test]
    fn the_interval_stays_within_its_bounds() {
        let pulses = Pulses::default();
        pulses.fit(Duration::from_millis(1));
        assert_eq!(pulses.interval(), INTERVALS.0);
        pulses.fit(Duration::from_millis(700));
        assert_eq!(pulses.interval(), Duration::from_millis(70));
        pulses.fit(Duration::from_secs(3600));
        assert_eq!(pulses.interval(), INTERVALS.1);
    }
}
