//! The connections of one worker to one server: a stack of idle ones (the last used
//! is the likeliest to live), a bound on how many there are, and a bounded wait at
//! the bound. A connection comes back only clean; every other way it is closed.
//! Must never: be held locked over an await, or hand one connection out twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::edge::pulse::{Pulses, Tick};
use crate::edge::upstream::connect;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::link::Link;
use crate::telemetry::meter::{Connect, Meter};

/// Requests that wait for a connection of one server at once; more are refused at once.
const MAX_WAITING: usize = 1024;
/// The first and the longest rest of a server that refused a connection.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// The longest distance between two looks at idle connections.
const MAX_REAP: Duration = Duration::from_secs(5);

/// Bounds of one server, as its upstream's entry in the file says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Idle connections kept.
    pub idle: usize,
    /// For how long.
    pub idle_timeout: Duration,
    /// Connections at once.
    pub open: usize,
    /// TCP connect, and the wait at the bound.
    pub connect_timeout: Duration,
}

/// Where one server's connections are counted.
#[derive(Clone)]
pub struct Tally {
    /// The worker's counters.
    pub meter: Arc<Meter>,
    /// Index of the upstream.
    pub upstream: usize,
}

/// One server's connections.
#[derive(Debug)]
pub struct Pool {
    host: Box<str>,
    port: u16,
    state: Mutex<State>,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

struct State {
    bounds: Bounds,
    tally: Tally,
    /// Oldest first.
    #[expect(clippy::vec_box, reason = "a connection moves in and out with every request")]
    idle: Vec<Box<Link>>,
    /// Connections, idle or not, and those being made.
    open: usize,
    reaping: bool,
    /// No longer in the file: nothing is kept.
    retired: bool,
    /// Connects that failed in a row, and until when the server is passed over.
    failures: u32,
    resting_until: Option<Tick>,
}

impl State {
    fn leave(&mut self, connections: usize) {
        self.open -= connections;
        (0..connections).for_each(|_| self.tally.meter.disconnected(self.tally.upstream));
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("idle", &self.idle.len()).field("open", &self.open).finish_non_exhaustive()
    }
}

/// Where a leased connection came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// Made for this request.
    Fresh,
    /// Used before: the server may have closed it meanwhile.
    Kept,
}

impl Pool {
    /// A pool without connections.
    pub fn new(host: &str, port: u16, bounds: Bounds, tally: Tally) -> Pool {
        let state = State {
            bounds,
            tally,
            idle: Vec::new(),
            open: 0,
            reaping: false,
            retired: false,
            failures: 0,
            resting_until: None,
        };
        Pool {
            host: host.into(),
            port,
            state: Mutex::new(state),
            in_flight: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Takes over what a new snapshot says.
    pub fn adapt(&self, bounds: Bounds, tally: Tally) {
        let mut state = self.lock();
        state.bounds = bounds;
        state.tally = tally;
    }

    /// Where its connections are counted.
    pub fn tally(&self) -> Tally {
        self.lock().tally.clone()
    }

    /// Closes what is idle and keeps nothing from now on.
    pub fn retire(&self) {
        let mut state = self.lock();
        state.retired = true;
        let dropped = std::mem::take(&mut state.idle);
        state.leave(dropped.len());
        drop(state);
        drop(dropped);
    }

    /// Requests on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Connections that exist or are being made.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    /// True while the server is passed over after failed connects.
    pub fn is_resting(&self, now: Tick) -> bool {
        self.lock().resting_until.is_some_and(|until| now < until)
    }

    /// A connection that takes a request now: kept, fresh, or waited for.
    pub async fn lease(self: &Arc<Pool>, pulses: &Pulses) -> Result<(Lease, Origin), ForwardError> {
        if let Some(link) = self.take_idle() {
            return Ok((self.lease_of(link), Origin::Kept));
        }
        // Seldom, and large as futures: most requests are not to carry them along.
        if self.take_seat() {
            return Ok((Box::pin(self.connect(pulses)).await?, Origin::Fresh));
        }
        Box::pin(self.wait(pulses)).await
    }

    /// A connection nobody used before, for the one retry of a request that met a
    /// dead one.
    pub async fn lease_fresh(self: &Arc<Pool>, pulses: &Pulses) -> Result<Lease, ForwardError> {
        if !self.take_seat() {
            return Err(ForwardError::Busy);
        }
        Box::pin(self.connect(pulses)).await
    }

    async fn wait(self: &Arc<Pool>, pulses: &Pulses) -> Result<(Lease, Origin), ForwardError> {
        let waiting = Waiting::join(self).ok_or(ForwardError::Busy)?;
        let patience = self.lock().bounds.connect_timeout;
        let turn = async {
            loop {
                self.freed.notified().await;
                if let Some(link) = self.take_idle() {
                    return Ok((self.lease_of(link), Origin::Kept));
                }
                if self.take_seat() {
                    return Ok((self.connect(pulses).await?, Origin::Fresh));
                }
            }
        };
        let outcome = tokio::time::timeout(patience, turn).await;
        drop(waiting);
        outcome.unwrap_or(Err(ForwardError::Busy))
    }

    /// Connects on a seat that was taken; gives it back if that fails or is given up.
    async fn connect(self: &Arc<Pool>, pulses: &Pulses) -> Result<Lease, ForwardError> {
        let mut seat = Seat::new(self, Hold::Place);
        let patience = self.lock().bounds.connect_timeout;
        let socket = connect::tcp(&self.host, self.port, patience).await;
        self.note(socket.as_ref().err());
        let socket = socket?;
        seat.hold = Hold::Connection;
        Ok(Lease { link: Link::over(socket, pulses.enrol()), seat })
    }

    /// Remembers how a connect ended.
    fn note(&self, failure: Option<&ForwardError>) {
        let mut state = self.lock();
        let result = if failure.is_none() { Connect::Made } else { Connect::Failed };
        state.tally.meter.connected(state.tally.upstream, result);
        if failure.is_none() {
            state.failures = 0;
            state.resting_until = None;
        } else {
            let rest = BACK_OFF.0.saturating_mul(1 << state.failures.min(8)).min(BACK_OFF.1);
            state.failures = state.failures.saturating_add(1);
            state.resting_until = Some(Tick::now().after(rest));
        }
    }

    fn lease_of(self: &Arc<Pool>, link: Box<Link>) -> Lease {
        Lease { link, seat: Seat::new(self, Hold::Connection) }
    }

    /// The youngest idle connection that still lives; the dead ones on top of it go.
    fn take_idle(&self) -> Option<Box<Link>> {
        loop {
            let mut link = self.lock().idle.pop()?;
            if link.is_usable() {
                return Some(link);
            }
            drop(link);
            self.closed();
        }
    }

    fn take_seat(&self) -> bool {
        let mut state = self.lock();
        let free = state.open < state.bounds.open.max(1);
        if free {
            state.open += 1;
        }
        free
    }

    /// A seat on which no connection came about is free again.
    fn give_seat(&self) {
        self.lock().open -= 1;
        self.freed.notify_one();
    }

    /// A connection is gone, and its seat is free.
    fn closed(&self) {
        self.lock().leave(1);
        self.freed.notify_one();
    }

    /// Keeps a clean connection, or closes it where it is one too many.
    fn keep(self: &Arc<Pool>, mut link: Box<Link>) {
        link.idle_since = Tick::about_now();
        let mut state = self.lock();
        if state.retired || state.idle.len() >= state.bounds.idle {
            drop(state);
            drop(link);
            return self.closed();
        }
        state.idle.push(link);
        if !state.reaping {
            state.reaping = true;
            tokio::spawn(reap(Arc::downgrade(self)));
        }
        drop(state);
        self.freed.notify_one();
    }

    /// Closes idle connections that are old or dead; `None` when none is left.
    fn sweep(&self, now: Tick) -> Option<Duration> {
        let mut state = self.lock();
        let timeout = state.bounds.idle_timeout;
        let old = |link: &Link| now.since(link.idle_since) >= timeout;
        let gone: Vec<_> = state.idle.extract_if(.., |link| old(link) || !link.is_usable()).collect();
        state.leave(gone.len());
        let next = (!state.idle.is_empty()).then(|| timeout.min(MAX_REAP).max(Duration::from_millis(10)));
        state.reaping = next.is_some();
        drop(state);
        gone.iter().for_each(|_| self.freed.notify_one());
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sweeps one pool while it has idle connections; begins again with the next one.
async fn reap(pool: Weak<Pool>) {
    let mut pause = Duration::from_millis(10);
    loop {
        let Some(wait) = pool.upgrade().and_then(|pool| pool.sweep(Tick::now())) else { return };
        pause = wait.min(pause.saturating_mul(4));
        tokio::time::sleep(pause).await;
    }
}

/// What a seat has to give back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hold {
    /// A place for a connection that is being made.
    Place,
    /// A connection.
    Connection,
    /// Nothing: it went back to the pool.
    Nothing,
}

/// One request's part in a pool's numbers.
#[derive(Debug)]
struct Seat {
    hold: Hold,
    pool: Arc<Pool>,
}

impl Seat {
    fn new(pool: &Arc<Pool>, hold: Hold) -> Seat {
        pool.in_flight.fetch_add(1, Ordering::Relaxed);
        Seat { hold, pool: Arc::clone(pool) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pool.in_flight.fetch_sub(1, Ordering::Relaxed);
        match self.hold {
            Hold::Place => self.pool.give_seat(),
            Hold::Connection => self.pool.closed(),
            Hold::Nothing => {}
        }
    }
}

/// One request's hold on one connection. Dropped, it closes the connection.
#[derive(Debug)]
pub struct Lease {
    link: Box<Link>,
    seat: Seat,
}

impl Lease {
    /// The connection.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// The connection, to be looked at.
    pub fn peek(&self) -> &Link {
        &self.link
    }

    /// Whose connection it is.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.seat.pool
    }

    /// The exchange ended cleanly on both sides: the connection may serve again.
    pub fn give_back(self) {
        let Lease { link, mut seat } = self;
        seat.hold = Hold::Nothing;
        seat.pool.keep(link);
    }
}

/// A place among those who wait.
struct Waiting<'a>(&'a Pool);

impl Waiting<'_> {
    fn join(pool: &Pool) -> Option<Waiting<'_>> {
        if pool.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            pool.waiting.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        Some(Waiting(pool))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
