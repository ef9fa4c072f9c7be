//! The connections of one worker to one server: a stack of idle ones (the last used
//! is the likeliest to live), a bound on how many there are, and a bounded wait at
//! the bound. A connection comes back only clean; every other way it is closed.
//! Must never: be held locked over an await, or hand one connection out twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::{Member, State as ServerState};
use crate::edge::pulse::{Pulses, Tick};
use crate::edge::upstream::connect;
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::link::Link;
use crate::edge::upstream::ticket::Ticket;
use crate::snapshot::Upstream;
use crate::snapshot::upstream::Limits;
use crate::telemetry::meter::{Connect, Meter};

/// Requests that wait for a connection of one server at once; more are refused at once.
const MAX_WAITING: usize = 1024;
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
    /// Connecting, TLS included, and the wait at a bound.
    pub connect_timeout: Duration,
    /// Bounds over all workers.
    pub limits: Limits,
}

impl Bounds {
    /// Those of an upstream.
    pub fn of(upstream: &Upstream) -> Bounds {
        Bounds {
            idle: upstream.pool_idle,
            idle_timeout: upstream.pool_idle_timeout,
            open: upstream.max_connections,
            connect_timeout: upstream.connect_timeout,
            limits: upstream.limits,
        }
    }
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
    group: Arc<Group>,
    /// As it was when the pool was made; its address, its TLS and its state stay.
    member: Arc<Member>,
    state: Mutex<State>,
    in_flight: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

struct State {
    bounds: Bounds,
    tally: Tally,
    /// Oldest first.
    idle: Vec<Link>,
    /// Connections, idle or not, and those being made.
    open: usize,
    reaping: bool,
    /// No longer in the file: nothing is kept.
    retired: bool,
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
    pub fn new(group: Arc<Group>, member: Arc<Member>, bounds: Bounds, tally: Tally) -> Pool {
        let state = State { bounds, tally, idle: Vec::new(), open: 0, reaping: false, retired: false };
        Pool {
            group,
            member,
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
        self.leave(&mut state, dropped.len());
        drop(state);
        drop(dropped);
    }

    /// What has happened to the server.
    pub fn server_state(&self) -> &Arc<ServerState> {
        &self.member.state
    }

    /// Whether its connections serve for `member` as well.
    pub fn serves(&self, group: &Arc<Group>, member: &Member) -> bool {
        Arc::ptr_eq(&self.group, group)
            && Arc::ptr_eq(&self.member.state, &member.state)
            && self.member.is_reached_as(member)
    }

    /// Requests on their way.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Connections that exist or are being made.
    pub fn open(&self) -> usize {
        self.lock().open
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
        let Bounds { connect_timeout: patience, limits, .. } = self.lock().bounds;
        let waiting = Waiting::join(self, limits).ok_or(ForwardError::Pending)?;
        let turn = async {
            loop {
                // Looked at first: room may have come before anybody knew that we wait.
                if let Some(link) = self.take_idle() {
                    return Ok((self.lease_of(link), Origin::Kept));
                }
                if self.take_seat() {
                    return Ok((self.connect(pulses).await?, Origin::Fresh));
                }
                tokio::select! {
                    () = self.freed.notified() => {}
                    () = self.group.room.notified() => {}
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
        let connected = connect::open(&self.member, patience, &[]).await;
        let result = if connected.is_ok() { Connect::Made } else { Connect::Failed };
        let tally = self.tally();
        tally.meter.connected(tally.upstream, result);
        let stream = connected?.stream;
        seat.hold = Hold::Connection;
        Ok(Lease { link: Link::open(stream, pulses.enrol()).await?, seat, ticket: Ticket::default() })
    }

    fn lease_of(self: &Arc<Pool>, link: Link) -> Lease {
        Lease { link, seat: Seat::new(self, Hold::Connection), ticket: Ticket::default() }
    }

    /// The youngest idle connection that still lives; the dead ones on top of it go.
    fn take_idle(&self) -> Option<Link> {
        loop {
            let mut link = self.lock().idle.pop()?;
            if link.looks_usable() || link.is_usable() {
                return Some(link);
            }
            drop(link);
            self.closed();
        }
    }

    fn take_seat(&self) -> bool {
        let mut state = self.lock();
        if state.open >= state.bounds.open.max(1) {
            return false;
        }
        let Limits { connections, server_connections, .. } = state.bounds.limits;
        let of_server = &self.member.state.connections;
        if !of_server.enter(server_connections.unwrap_or(usize::MAX)) {
            return false;
        }
        if !self.group.connections.enter(connections.unwrap_or(usize::MAX)) {
            of_server.leave();
            return false;
        }
        state.open += 1;
        true
    }

    /// A seat on which no connection came about is free again.
    fn give_seat(&self) {
        self.lock().open -= 1;
        self.make_room(1);
    }

    /// A connection is gone, and its seat is free.
    fn closed(&self) {
        self.leave(&mut self.lock(), 1);
    }

    /// So many connections are gone.
    fn leave(&self, state: &mut State, connections: usize) {
        state.open -= connections;
        (0..connections).for_each(|_| state.tally.meter.disconnected(state.tally.upstream));
        self.make_room(connections);
    }

    fn make_room(&self, seats: usize) {
        for _ in 0..seats {
            self.member.state.connections.leave();
            self.group.connections.leave();
            self.freed.notify_one();
            if self.group.is_hungry() {
                self.group.room.notify_one();
            }
        }
    }

    /// Keeps a clean connection, or closes it where it is one too many.
    fn keep(self: &Arc<Pool>, mut link: Link) {
        link.idle_since = Tick::now();
        let mut state = self.lock();
        // Who waits in another worker cannot use this connection, but its place.
        if state.retired || state.idle.len() >= state.bounds.idle || self.group.is_hungry() && !self.is_awaited() {
            drop(state);
            drop(link);
            return self.closed();
        }
        state.idle.push(link);
        if !state.reaping {
            state.reaping = true;
            tokio::spawn(reap(Arc::downgrade(self), Arc::clone(&self.group)));
        }
        drop(state);
        self.freed.notify_one();
    }

    /// Closes idle connections that are old or dead; `None` when none is left.
    fn sweep(&self, now: Tick) -> Option<Duration> {
        let mut state = self.lock();
        let timeout = state.bounds.idle_timeout;
        let hungry = self.group.is_hungry() && !self.is_awaited();
        let old = |link: &Link| hungry || now.since(link.idle_since) >= timeout;
        let gone: Vec<Link> = state.idle.extract_if(.., |link| old(link) || !link.is_usable()).collect();
        self.leave(&mut state, gone.len());
        let next = (!state.idle.is_empty()).then(|| timeout.min(MAX_REAP).max(Duration::from_millis(10)));
        state.reaping = next.is_some();
        next
    }

    /// Whether somebody of this worker waits for a connection.
    fn is_awaited(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sweeps one pool while it has idle connections; begins again with the next one.
async fn reap(pool: Weak<Pool>, group: Arc<Group>) {
    let mut pause = Duration::from_millis(10);
    loop {
        let Some(wait) = pool.upgrade().and_then(|pool| pool.sweep(Tick::now())) else { return };
        pause = wait.min(pause.saturating_mul(4));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = group.hunger.notified() => {}
        }
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
    link: Link,
    seat: Seat,
    ticket: Ticket,
}

impl Lease {
    /// The connection.
    pub fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Holds the request's place among those under way as long as the connection.
    pub fn carry(&mut self, ticket: Ticket) {
        self.ticket = ticket;
    }

    /// Whose connection it is.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.seat.pool
    }

    /// The exchange ended cleanly on both sides: the connection may serve again.
    pub fn give_back(self) {
        let Lease { link, mut seat, ticket } = self;
        drop(ticket);
        seat.hold = Hold::Nothing;
        seat.pool.keep(link);
    }
}

/// A place among those who wait.
struct Waiting<'a> {
    pool: &'a Pool,
    /// Whether other workers may hold what it waits for.
    shared: bool,
}

impl Waiting<'_> {
    fn join(pool: &Pool, limits: Limits) -> Option<Waiting<'_>> {
        if !pool.group.pending.enter(limits.pending.unwrap_or(usize::MAX)) {
            return None;
        }
        if pool.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            pool.waiting.fetch_sub(1, Ordering::Relaxed);
            pool.group.pending.leave();
            return None;
        }
        let shared = limits.connections.is_some() || limits.server_connections.is_some();
        if shared {
            pool.group.hungers();
        }
        Some(Waiting { pool, shared })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool.waiting.fetch_sub(1, Ordering::Relaxed);
        self.pool.group.pending.leave();
        if self.shared {
            self.pool.group.is_fed();
        }
    }
}
