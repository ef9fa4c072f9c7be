//! Bounds on tries, in memory: requests of one address, and failures to sign in.
//! Failures count against the pair of address and name, so nobody can lock another
//! out; an address that fails with many names is slowed as a whole, except for the
//! names it just signed in with. Losing the table costs one window, nothing more.

use std::net::IpAddr;

use dashmap::DashMap;

use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::Issuer;
use crate::token::handle::half_digest;

/// Entries of each of the two tables; at the bound one old entry gives way to a new.
pub const MAX_ENTRIES: usize = 65_536;

/// The longest wait of a pair.
pub const PAIR_WAIT_MOST: Seconds = Seconds(300);

/// The longest wait of an address that tries many names.
pub const ADDRESS_WAIT_MOST: Seconds = Seconds(30);

/// An address may fail so many times as often as one pair, before it is slowed.
const ADDRESS_SHARE: u32 = 10;

/// The counters. Shared by all issuers; their keys keep them apart.
#[derive(Debug, Default)]
pub struct Throttle {
    tries: DashMap<u128, Tries>,
    rates: DashMap<u128, Rate>,
}

/// Who is tried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party<'a> {
    /// A user name.
    User(&'a str),
    /// A client id.
    Client(&'a str),
}

#[derive(Clone, Copy, Debug, Default)]
struct Tries {
    failures: u32,
    blocked_until: UnixTime,
    good_until: UnixTime,
    forget: UnixTime,
}

#[derive(Clone, Copy, Debug, Default)]
struct Rate {
    second: UnixTime,
    count: u32,
}

impl Throttle {
    /// Empty tables.
    pub fn new() -> Throttle {
        Throttle::default()
    }

    /// Counts one request of `peer`. A rate of 0 is no bound.
    ///
    /// # Errors
    /// How long to wait, once the address used up this second's share.
    pub fn admit(&self, issuer: &Issuer, peer: IpAddr, now: UnixTime) -> Result<(), Seconds> {
        let most = issuer.throttle.per_address;
        if most == 0 {
            return Ok(());
        }
        let key = key(issuer, "rate", peer, "");
        if let Some(mut rate) = self.rates.get_mut(&key) {
            if rate.second != now {
                *rate = Rate { second: now, count: 0 };
            }
            rate.count = rate.count.saturating_add(1);
            return if rate.count > most { Err(Seconds(1)) } else { Ok(()) };
        }
        make_room(&self.rates);
        self.rates.insert(key, Rate { second: now, count: 1 });
        Ok(())
    }

    /// Whether a try for `party` from `peer` may be looked at now.
    ///
    /// # Errors
    /// How long to wait.
    pub fn may_try(&self, issuer: &Issuer, peer: IpAddr, party: Party<'_>, now: UnixTime) -> Result<(), Seconds> {
        let pair = self.tries_of(issuer, peer, Some(party));
        let address = self.tries_of(issuer, peer, None);
        let spared = pair.good_until > now;
        let wait = if spared { pair.blocked_until } else { pair.blocked_until.max(address.blocked_until) };
        if wait > now { Err(wait.since(now)) } else { Ok(()) }
    }

    /// Notes a failure.
    pub fn failed(&self, issuer: &Issuer, peer: IpAddr, party: Party<'_>, now: UnixTime) {
        let free = issuer.throttle.free_failures;
        self.note(pair_key(issuer, peer, Some(party)), |tries| {
            tries.fail(issuer, now, free, PAIR_WAIT_MOST);
        });
        self.note(pair_key(issuer, peer, None), |tries| {
            tries.fail(issuer, now, free.saturating_mul(ADDRESS_SHARE), ADDRESS_WAIT_MOST);
        });
    }

    /// Forgives the pair. The address keeps its count: one account of one's own must
    /// not pay for guessing at others.
    pub fn succeeded(&self, issuer: &Issuer, peer: IpAddr, party: Party<'_>, now: UnixTime) {
        // While nobody fails here there is nothing to forgive and nothing to spare
        // anyone from, and the common case writes nothing.
        if self.tries.get(&pair_key(issuer, peer, None)).is_none_or(|address| address.forget <= now) {
            return;
        }
        let (key, end) = (pair_key(issuer, peer, Some(party)), now.after(issuer.throttle.within));
        self.note(key, |tries| {
            *tries = Tries { failures: 0, blocked_until: UnixTime(0), good_until: end, forget: end };
        });
    }

    /// Drops what can no longer matter; returns how many entries left.
    pub fn sweep(&self, now: UnixTime) -> usize {
        let before = self.tries.len() + self.rates.len();
        self.tries.retain(|_, tries| tries.forget > now);
        self.rates.retain(|_, rate| rate.second >= now);
        before.saturating_sub(self.tries.len() + self.rates.len())
    }

    /// Entries of both tables.
    pub fn len(&self) -> usize {
        self.tries.len() + self.rates.len()
    }

    /// True when nothing is counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn tries_of(&self, issuer: &Issuer, peer: IpAddr, party: Option<Party<'_>>) -> Tries {
        self.tries.get(&pair_key(issuer, peer, party)).map(|tries| *tries).unwrap_or_default()
    }

    fn note(&self, key: u128, change: impl FnOnce(&mut Tries)) {
        if !self.tries.contains_key(&key) {
            make_room(&self.tries);
        }
        change(&mut self.tries.entry(key).or_default());
    }
}

impl Tries {
    /// One more failure: beyond the free ones each doubles the wait.
    fn fail(&mut self, issuer: &Issuer, now: UnixTime, free: u32, most: Seconds) {
        if self.forget <= now {
            *self = Tries::default();
        }
        self.failures = self.failures.saturating_add(1);
        self.forget = self.forget.max(now.after(issuer.throttle.within));
        if self.failures >= free {
            let doublings = (self.failures - free).min(most.0.ilog2() + 1);
            self.blocked_until = now.after(Seconds((1 << doublings).min(most.0)));
            self.forget = self.forget.max(self.blocked_until);
        }
    }
}

/// At the bound, one entry gives way. Which one costs no search: keys are digests, so
/// the first in the table is as good as any, and `sweep` has removed what has ended.
fn make_room<T>(table: &DashMap<u128, T>) {
    if table.len() >= MAX_ENTRIES {
        // The look is over, and its lock released, before the entry is removed.
        let any = table.iter().next().map(|entry| *entry.key());
        any.and_then(|key| table.remove(&key));
    }
}

fn pair_key(issuer: &Issuer, peer: IpAddr, party: Option<Party<'_>>) -> u128 {
    match party {
        None => key(issuer, "address", peer, ""),
        Some(Party::User(name)) => key(issuer, "user", peer, name),
        Some(Party::Client(id)) => key(issuer, "client", peer, id),
    }
}

/// A digest, so that a long name costs no memory and no two pairs meet by design.
fn key(issuer: &Issuer, kind: &str, peer: IpAddr, name: &str) -> u128 {
    let (four, six);
    let address: &[u8] = match peer.to_canonical() {
        IpAddr::V4(address) => {
            four = address.octets();
            &four
        }
        // Who holds one IPv6 address holds its /64.
        IpAddr::V6(address) => {
            six = address.octets();
            &six[..8]
        }
    };
    let issuer = issuer.name.as_str().as_bytes();
    u128::from_be_bytes(half_digest(&[kind.as_bytes(), &[0], issuer, &[0], address, &[0], name.as_bytes()]))
}

#[cfg(test)]
mod tests;
