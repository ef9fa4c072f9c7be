//! Which server of an upstream a request goes to. The rules are `balance`'s; here are
//! the facts they are asked with: what all workers have sent, the servers' published standing,
//! the time, and a throw of the dice. Where there is one server nothing is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::balance::budget::Verdict;
use crate::balance::condition::Fault;
use crate::balance::moment::Moment;
use crate::balance::round_robin::RoundRobin;
use crate::balance::slow_start::WHOLE;
use crate::balance::vital::Standing;
use crate::balance::{rendezvous, two_choices};
use crate::edge::fleet::group::Group;
use crate::edge::fleet::member::{Member, count};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::lease::Lease;
use crate::edge::upstream::pool::{Origin, Pool};
use crate::edge::upstream::ticket::Ticket;
use crate::edge::worker::dice::Dice;
use crate::edge::worker::lock;
use crate::edge::worker::pulse::{Pulses, Tick};
use crate::snapshot::Upstream;
use crate::snapshot::upstream::{AllDown, Balancing, KeySource, Limits, Retry};

/// One server of an upstream.
#[derive(Clone, Debug)]
pub enum Target {
    /// Behind connections.
    Http {
        /// As the file describes it now.
        member: Arc<Member>,
        /// This worker's connections to it.
        pool: Arc<Pool>,
    },
    /// `builtin:echo`.
    Echo(Arc<Member>),
}

impl Target {
    /// The server itself.
    pub fn member(&self) -> &Member {
        match self {
            Target::Http { member, .. } | Target::Echo(member) => member,
        }
    }

    fn load(&self) -> usize {
        match self {
            Target::Http { member, .. } => member.state.load.under_way(),
            Target::Echo(_) => 0,
        }
    }
}

/// The servers of one upstream, as one worker chooses among them.
#[derive(Debug)]
pub struct Balance {
    targets: Vec<Target>,
    group: Arc<Group>,
    worker: usize,
    way: Way,
    slow_start: Duration,
    limits: Limits,
    retry: Retry,
    all_down: AllDown,
    dice: Dice,
}

#[derive(Debug)]
enum Way {
    LeastRequests,
    RoundRobin(Mutex<RoundRobin>),
    Hash(KeySource),
}

/// What a request got.
#[derive(Debug)]
pub enum Chosen {
    /// A connection.
    Lease(Lease, Origin),
    /// The built-in backend.
    Echo,
}

/// What one request has tried so far, and by what key it chooses.
#[derive(Clone, Copy, Debug, Default)]
pub struct Search {
    /// The hash of its key, where a key chooses and it has one.
    pub key: Option<u64>,
    tried: Tried,
    /// The server that was chosen last, by index.
    last: Option<usize>,
    /// Tries after the first.
    again: u32,
    /// How often the request was sent again, over a new connection to the same server included.
    resent: u32,
}

/// Servers that were tried, by index: a set in words of a number, as large as the
/// largest upstream of the file with all its addresses may need; what is beyond it may
/// be tried twice.
#[derive(Clone, Copy, Debug, Default)]
struct Tried([u64; 4]);

impl Search {
    /// A search by `key`, if there is one.
    pub fn by(key: Option<u64>) -> Search {
        Search { key, ..Search::default() }
    }

    /// The server that was asked last, among the targets of its upstream.
    pub fn last(&self) -> Option<usize> {
        self.last
    }

    /// How often the request was sent again.
    pub fn resent(&self) -> u32 {
        self.resent
    }
}

impl Tried {
    fn add(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    fn has(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }
}

/// Who may be chosen. Each step takes in more than the one before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Whoever is well and was not tried.
    Well,
    /// Also who is passed over: he may have recovered, and there is nobody else.
    PassedOver,
    /// Also whose checks fail: the checks may be wrong.
    Down,
}

impl Balance {
    /// Chooses among `targets`, as `upstream` says, for `worker`.
    pub fn over(targets: Vec<Target>, upstream: &Upstream, group: &Arc<Group>, worker: usize) -> Balance {
        let dice = Dice::default();
        let way = match &upstream.balancing {
            Balancing::LeastRequests => Way::LeastRequests,
            Balancing::RoundRobin => Way::RoundRobin(Mutex::new(RoundRobin::new(targets.len(), dice.throw()))),
            Balancing::Hash(source) => Way::Hash(source.clone()),
        };
        Balance {
            targets,
            group: Arc::clone(group),
            worker,
            way,
            slow_start: upstream.slow_start,
            limits: upstream.limits,
            retry: upstream.retry,
            all_down: upstream.health.as_ref().map_or(AllDown::Try, |health| health.all_down),
            dice,
        }
    }

    /// The servers.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// What all workers know about them.
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// When a request is sent again.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// Where a request's key stands, if a key chooses and there is a choice.
    pub fn key_source(&self) -> Option<&KeySource> {
        match &self.way {
            Way::Hash(source) if self.targets.len() > 1 => Some(source),
            Way::Hash(_) | Way::LeastRequests | Way::RoundRobin(_) => None,
        }
    }

    /// A connection to the server that `search` leads to. One that cannot be had is no
    /// end: the next server is tried, and all of them are noted in `search`.
    pub async fn lease_for(&self, search: &mut Search, pulses: &Pulses) -> Result<Chosen, ForwardError> {
        if search.again == 0 {
            self.group.ask(self.worker);
        }
        loop {
            let Some(index) = self.pick(search) else { return Err(self.refused(self.why_nobody())) };
            search.tried.add(index);
            search.last = Some(index);
            let pool = match &self.targets[index] {
                Target::Echo(_) => return Ok(Chosen::Echo),
                Target::Http { pool, .. } => pool,
            };
            let leased = match Ticket::take(&self.limits, &self.group, pool.server_state()) {
                Ok(ticket) => pool.lease(pulses).await.map(|(mut lease, origin)| {
                    lease.carry(ticket);
                    Chosen::Lease(lease, origin)
                }),
                Err(error) => Err(error),
            };
            match leased {
                Ok(chosen) => return Ok(chosen),
                Err(error) => self.go_on(search, pool, error)?,
            }
        }
    }

    /// A connection after `pool` gave `error` instead of a fresh one.
    pub async fn lease_after(
        &self,
        search: &mut Search,
        pool: &Pool,
        error: ForwardError,
        pulses: &Pulses,
    ) -> Result<Chosen, ForwardError> {
        self.go_on(search, pool, error)?;
        self.lease_for(search, pulses).await
    }

    /// Whether another server is asked after one gave no connection; the error if not.
    fn go_on(&self, search: &mut Search, pool: &Pool, error: ForwardError) -> Result<(), ForwardError> {
        if let Some(fault) = error.fault() {
            self.group.fault(pool.server_state(), fault);
        }
        if self.again(search, Fault::Connect) { Ok(()) } else { Err(self.refused(error)) }
    }

    /// Whether a request may be sent again after `fault`, and pays for it if so.
    pub fn again(&self, search: &mut Search, fault: Fault) -> bool {
        let wanted = search.again < self.retry.attempts && self.retry.on.has(fault);
        // Who takes no connection now takes none a moment later either.
        let hopeless = fault == Fault::Connect && !self.has_other(search);
        if !wanted || hopeless || self.group.may_retry(&self.retry) == Verdict::Exhausted {
            return false;
        }
        search.again += 1;
        if fault != Fault::Connect && !self.has_fresh(search) {
            // Better the same server once more than one that is out.
            search.tried = Tried::default();
        }
        let http = self.targets.iter().find_map(|target| match target {
            Target::Http { pool, .. } => Some(pool),
            Target::Echo(_) => None,
        });
        http.into_iter().for_each(|pool| self.resent(search, pool));
        true
    }

    /// Counts a request that is sent again.
    pub fn resent(&self, search: &mut Search, pool: &Pool) {
        search.resent += 1;
        let tally = pool.tally();
        tally.meter.retried(tally.upstream);
    }

    /// Whether there is a server that is well and was not tried.
    fn has_fresh(&self, search: &Search) -> bool {
        let now = Tick::now().moment();
        let well = |target: &Target| self.has_room(target) && self.share(target.member(), Reach::Well, now) > 0;
        self.targets.iter().enumerate().any(|(index, target)| !search.tried.has(index) && well(target))
    }

    /// Whether there is a server that was not tried.
    fn has_other(&self, search: &Search) -> bool {
        (0..self.targets.len()).any(|index| !search.tried.has(index))
    }

    /// Counts a request that is refused at a bound.
    fn refused(&self, error: ForwardError) -> ForwardError {
        let overflows = &self.group.overflows;
        match error {
            ForwardError::Overload => count(&overflows.requests),
            ForwardError::Pending => count(&overflows.pending),
            ForwardError::Busy => count(&overflows.connections),
            ForwardError::Connect
            | ForwardError::ConnectTimeout
            | ForwardError::Tls(_)
            | ForwardError::Reset
            | ForwardError::BadAnswer
            | ForwardError::Timeout
            | ForwardError::TotalTimeout
            | ForwardError::Down
            | ForwardError::Unresolved
            | ForwardError::BodyTooLarge
            | ForwardError::BodyTimeout
            | ForwardError::BodyBroken
            | ForwardError::TokenEnded(_)
            | ForwardError::Deadline
            | ForwardError::CannotTell => {}
        }
        error
    }

    /// The server to ask next; `None`: there is none that was not tried.
    fn pick(&self, search: &Search) -> Option<usize> {
        if let [only] = &self.targets[..] {
            let refused = self.all_down == AllDown::Refuse && self.is_down(only);
            return (!search.tried.has(0) && !refused && self.has_room(only)).then_some(0);
        }
        // The clock is read only where somebody's time matters.
        let plain = self.targets.iter().all(|target| target.member().vital().is_plain());
        let now = if plain { Moment(0) } else { Tick::now().moment() };
        let reaches = [Reach::Well, Reach::PassedOver, Reach::Down];
        let last = if self.all_down == AllDown::Refuse { 2 } else { 3 };
        reaches[..last].iter().find_map(|reach| self.pick_within(*reach, search, now))
    }

    fn pick_within(&self, reach: Reach, search: &Search, now: Moment) -> Option<usize> {
        let weight = |index: usize| {
            let target = &self.targets[index];
            if search.tried.has(index) || !self.has_room(target) {
                return 0;
            }
            target.member().server.weight * self.share(target.member(), reach, now)
        };
        let count = self.targets.len();
        match (&self.way, search.key) {
            (Way::RoundRobin(turns), _) => lock(turns).next(weight),
            (Way::Hash(_), Some(key)) => {
                // A key stays with its server while that one warms up.
                let whole =
                    |index: usize| if weight(index) == 0 { 0 } else { self.targets[index].member().server.weight };
                rendezvous::pick(count, whole, |index| self.targets[index].member().seed, key)
            }
            (Way::LeastRequests | Way::Hash(_), _) => {
                two_choices::pick(count, weight, |index| self.targets[index].load(), self.dice.throw())
            }
        }
    }

    fn share(&self, member: &Member, reach: Reach, now: Moment) -> u32 {
        let vital = member.vital();
        if vital.is_plain() {
            return WHOLE;
        }
        match (reach, vital.share(now, self.slow_start)) {
            (_, share @ 1..) => share,
            (Reach::Well, 0) => 0,
            (Reach::PassedOver, 0) if vital.standing(now) == Standing::Down => 0,
            (Reach::PassedOver | Reach::Down, 0) => WHOLE,
        }
    }

    fn is_down(&self, target: &Target) -> bool {
        let vital = target.member().vital();
        !vital.is_plain() && vital.standing(Tick::now().moment()) == Standing::Down
    }

    fn has_room(&self, target: &Target) -> bool {
        self.limits.server_requests.is_none_or(|limit| target.member().state.requests.inside() < limit)
    }

    /// Why there is no server to choose.
    fn why_nobody(&self) -> ForwardError {
        if self.targets.is_empty() {
            return ForwardError::Unresolved;
        }
        if self.targets.iter().all(|target| self.is_down(target)) {
            return ForwardError::Down;
        }
        ForwardError::Overload
    }
}
