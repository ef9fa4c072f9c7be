//! The connections of one worker to one server: a stack of idle ones (the last used
//! is the likeliest to live), a bound on how many there are, and a bounded wait at
//! the bound. A connection comes back only clean; every other way it is closed.
//! Must never: be held locked over an await, or hand one connection out twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use http::uri::Scheme;
use tokio::sync::Notify;

use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::{Member, State as ServerState};
use crate::edge::upstream::bounds::Bounds;
use crate::edge::upstream::carrier::Carrier;
use crate::edge::upstream::connect::{self, Connected};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::http2::call::Call;
use crate::edge::upstream::http2::session::{Place, Session};
use crate::edge::upstream::http2::sessions::Sessions;
use crate::edge::upstream::lease::Lease;
use crate::edge::upstream::link::Link;
use crate::edge::upstream::waiting::Waiting;
use crate::edge::worker::pulse::{Pulses, Tick};
use crate::snapshot::upstream::Limits;
use crate::telemetry::meter::{Connect, Meter};

/// The longest distance between two looks at idle connections.
const MAX_REAP: Duration = Duration::from_secs(5);

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
    /// The worker whose connections these are.
    worker: usize,
    waiting: AtomicUsize,
    freed: Notify,
    /// Connections that carry many requests.
    sessions: Sessions,
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
    pub fn new(group: Arc<Group>, member: Arc<Member>, bounds: Bounds, tally: Tally, worker: usize) -> Pool {
        let state = State { bounds, tally, idle: Vec::new(), open: 0, reaping: false, retired: false };
        Pool {
            group,
            member,
            state: Mutex::new(state),
            worker,
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
            sessions: Sessions::default(),
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
        self.sessions.retire();
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

    /// Connections that exist or are being made.
    pub fn open(&self) -> usize {
        self.lock().open
    }

    /// A connection that takes a request now: kept, fresh, or waited for.
    pub async fn lease(self: &Arc<Pool>, pulses: &Pulses) -> Result<(Lease, Origin), ForwardError> {
        if let Some(lease) = self.take_kept(pulses) {
            return Ok((lease, Origin::Kept));
        }
        // Seldom, and large as futures: most requests are not to carry them along.
        if !self.sessions.is_coming() && self.take_seat() {
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
        let waiting = Waiting::join(&self.waiting, &self.group, limits).ok_or(ForwardError::Pending)?;
        let turn = async {
            loop {
                // Looked at first: room may have come before anybody knew that we wait.
                if let Some(lease) = self.take_kept(pulses) {
                    // One connection may have room for the next as well.
                    self.freed.notify_one();
                    return Ok((lease, Origin::Kept));
                }
                if !self.sessions.is_coming() && self.take_seat() {
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
        let Bounds { connect_timeout: patience, protocol, .. } = self.lock().bounds;
        let coming = self.sessions.expect(protocol, &self.freed);
        let connected = connect::open(&self.member, patience, protocol.offered()).await;
        let result = if connected.is_ok() { Connect::Made } else { Connect::Failed };
        let tally = self.tally();
        tally.meter.connected(tally.upstream, result);
        let Connected { stream, protocol: agreed } = connected?;
        seat.hold = Hold::Connection;
        if !protocol.is_http2(self.member.server.tls.is_some(), agreed.as_deref())? {
            return Ok(Lease::of(Carrier::Http1(Link::over(stream, pulses.enrol())), seat));
        }
        // The connection holds its place by itself from here on, for as long as it lives.
        let pool = Arc::clone(self);
        let session = Session::open(stream, move || pool.closed()).await?;
        seat.hold = Hold::Nothing;
        let place = self.sessions.add(session).ok_or(ForwardError::Reset)?;
        drop(coming);
        self.watch_over(&mut self.lock());
        Ok(Lease::of(self.call(place, pulses), seat))
    }

    /// What carries a request on a place of a shared connection.
    fn call(&self, place: Place, pulses: &Pulses) -> Carrier {
        let scheme = if self.member.server.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        Carrier::Http2(Box::new(Call::new(place, scheme, pulses.enrol())))
    }

    /// A place on a connection that is there.
    fn take_kept(self: &Arc<Pool>, pulses: &Pulses) -> Option<Lease> {
        if let Some(place) = self.sessions.seat() {
            return Some(Lease::of(self.call(place, pulses), Seat::new(self, Hold::Nothing)));
        }
        let link = self.take_idle()?;
        Some(Lease::of(Carrier::Http1(link), Seat::new(self, Hold::Connection)))
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
    fn keep(self: &Arc<Pool>, mut link: Box<Link>) {
        link.idle_since = Tick::about_now();
        let mut state = self.lock();
        // Who waits in another worker cannot use this connection, but its place.
        if state.retired || state.idle.len() >= state.bounds.idle || self.group.is_hungry() && !self.is_awaited() {
            drop(state);
            drop(link);
            return self.closed();
        }
        state.idle.push(link);
        self.watch_over(&mut state);
        drop(state);
        self.freed.notify_one();
    }

    /// Looks at idle connections now and then from here on.
    fn watch_over(self: &Arc<Pool>, state: &mut State) {
        if !std::mem::replace(&mut state.reaping, true) {
            tokio::spawn(reap(Arc::downgrade(self), Arc::clone(&self.group)));
        }
    }

    /// Closes idle connections that are old or dead; `None` when none is left.
    fn sweep(&self, now: Tick) -> Option<Duration> {
        let mut state = self.lock();
        let timeout = state.bounds.idle_timeout;
        let hungry = self.group.is_hungry() && !self.is_awaited();
        let old = |link: &Link| hungry || now.since(link.idle_since) >= timeout;
        let gone: Vec<_> = state.idle.extract_if(.., |link| old(link) || !link.is_usable()).collect();
        self.leave(&mut state, gone.len());
        let shared = self.sessions.sweep(now, if hungry { Duration::ZERO } else { timeout });
        let next = (!state.idle.is_empty() || shared).then(|| timeout.min(MAX_REAP).max(Duration::from_millis(10)));
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
        // Before the look: who gets hungry during it is heard as well.
        let hunger = group.hunger.notified();
        let Some(wait) = pool.upgrade().and_then(|pool| pool.sweep(Tick::now())) else { return };
        pause = wait.min(pause.saturating_mul(4));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = hunger => {}
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
    /// Nothing: it went back to the pool, or holds itself.
    Nothing,
}

/// One request's part in a pool's numbers.
#[derive(Debug)]
pub(in crate::edge::upstream) struct Seat {
    hold: Hold,
    pool: Arc<Pool>,
}

impl Seat {
    fn new(pool: &Arc<Pool>, hold: Hold) -> Seat {
        pool.member.state.load.begin(pool.worker);
        Seat { hold, pool: Arc::clone(pool) }
    }

    pub(in crate::edge::upstream) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The connection is clean: it may serve again.
    pub(in crate::edge::upstream) fn keep(mut self, link: Box<Link>) {
        self.hold = Hold::Nothing;
        self.pool.keep(link);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.pool.member.state.load.end(self.pool.worker);
        match self.hold {
            Hold::Place => self.pool.give_seat(),
            Hold::Connection => self.pool.closed(),
            Hold::Nothing => {}
        }
    }
}
