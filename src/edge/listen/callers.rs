//! How many connections each address has at one listener, and how fast it opens new
//! ones. The table is bounded: an entry ends when its address has no connection left
//! and its rate is forgotten, and at the bound an address that is not in it passes
//! uncounted, under the listener's own limit alone.
//! Must never: be asked about a trusted proxy, who speaks for many.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::edge::worker::pulse::Tick;
use crate::snapshot::PerAddress;

/// Addresses of one listener that are counted at once.
pub const MAX_ADDRESSES: usize = 65_536;

/// One second, in the unit of the rate's clock.
const SECOND: u64 = 1_000_000;

/// The bits of an IPv6 address that are not looked at.
const HOST_BITS: u32 = 64;

/// The addresses that are connected to one listener.
#[derive(Clone, Debug, Default)]
pub struct Callers(Arc<Mutex<HashMap<IpAddr, Caller>>>);

/// One address.
#[derive(Clone, Copy, Debug, Default)]
struct Caller {
    open: u32,
    /// When it will have used up nothing of its rate: a generic cell rate algorithm,
    /// in microseconds of the monotonic clock.
    free_at: u64,
}

/// Why an address may not open one more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turned {
    /// It has as many as it may.
    TooMany,
    /// It opens them too fast.
    TooFast,
}

/// A connection's place under its address's limit; dropping it gives it back.
#[derive(Debug)]
pub struct Counted {
    callers: Callers,
    address: IpAddr,
}

impl Callers {
    /// Counts one more connection of `address`; `Ok(None)`: it is not counted, because
    /// nothing is asked of addresses here or the table is full.
    pub fn enter(&self, address: IpAddr, limits: PerAddress, now: Tick) -> Result<Option<Counted>, Turned> {
        if limits.connections.is_none() && limits.rate.is_none() {
            return Ok(None);
        }
        let (address, now) = (key(address), micros(now));
        let mut table = self.table();
        if !table.contains_key(&address) && table.len() >= MAX_ADDRESSES {
            table.retain(|_, caller| caller.open > 0 || caller.free_at > now);
            if table.len() >= MAX_ADDRESSES {
                return Ok(None);
            }
        }
        let caller = table.entry(address).or_default();
        caller.admit(limits, now)?;
        Ok(Some(Counted { callers: self.clone(), address }))
    }

    /// Addresses in the table.
    pub fn len(&self) -> usize {
        self.table().len()
    }

    /// True when nobody is counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn table(&self) -> MutexGuard<'_, HashMap<IpAddr, Caller>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    fn admit(&mut self, limits: PerAddress, now: u64) -> Result<(), Turned> {
        if limits.connections.is_some_and(|most| self.open >= most) {
            return Err(Turned::TooMany);
        }
        if let Some(rate) = limits.rate {
            let price = SECOND / u64::from(rate.max(1));
            let after = self.free_at.max(now) + price;
            // A whole second's worth may come at once.
            if after > now + SECOND {
                return Err(Turned::TooFast);
            }
            self.free_at = after;
        }
        self.open += 1;
        Ok(())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut table = self.callers.table();
        let Some(caller) = table.get_mut(&self.address) else { return };
        caller.open = caller.open.saturating_sub(1);
        if caller.open == 0 && caller.free_at <= micros(Tick::now()) {
            table.remove(&self.address);
        }
    }
}

/// What is counted as one address.
pub(in crate::edge) fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> HOST_BITS << HOST_BITS)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn micros(at: Tick) -> u64 {
    at.millis().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::time::Duration;

    use super::{Callers, MAX_ADDRESSES, Turned};
    use crate::edge::worker::pulse::Tick;
    use crate::snapshot::PerAddress;

    fn address(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn each_address_has_its_own_places() {
        let callers = Callers::default();
        let limits = PerAddress { connections: Some(2), rate: None, handshakes: None };
        let enter = |text: &str| callers.enter(address(text), limits, Tick::now());
        let first = enter("192.0.2.1").expect("a place");
        let _second = enter("::ffff:192.0.2.1").expect("the same address in other clothes");
        assert_eq!(enter("192.0.2.1").err(), Some(Turned::TooMany));
        let _other = enter("192.0.2.2").expect("somebody else's place");
        drop(first);
        assert!(enter("192.0.2.1").is_ok());
    }

    #[test]
    fn a_network_of_version_six_is_one_address() {
        let callers = Callers::default();
        let limits = PerAddress { connections: Some(1), rate: None, handshakes: None };
        let _one = callers.enter(address("2001:db8:0:1::1"), limits, Tick::now()).expect("a place");
        assert!(callers.enter(address("2001:db8:0:1:ffff::9"), limits, Tick::now()).is_err());
        assert!(callers.enter(address("2001:db8:0:2::1"), limits, Tick::now()).is_ok());
    }

    #[test]
    fn a_rate_lets_a_second_s_worth_through_and_refills() {
        let callers = Callers::default();
        let limits = PerAddress { connections: None, rate: Some(4), handshakes: None };
        let start = Tick::now();
        let enter = |after: u64| callers.enter(address("192.0.2.1"), limits, start.after(Duration::from_millis(after)));
        let burst = (0..9).filter(|_| enter(0).is_ok()).count();
        assert_eq!(burst, 4);
        assert_eq!(enter(200).err(), Some(Turned::TooFast));
        assert!(enter(260).is_ok());
        assert_eq!(enter(270).err(), Some(Turned::TooFast));
        assert_eq!((0..9).filter(|_| enter(5_000).is_ok()).count(), 4);
    }

    #[test]
    fn the_table_is_bounded_and_forgets() {
        let callers = Callers::default();
        let limits = PerAddress { connections: Some(1), rate: None, handshakes: None };
        let nth = |n: usize| IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(n).expect("few")));
        let held: Vec<_> = (0..MAX_ADDRESSES).map(|n| callers.enter(nth(n), limits, Tick::now())).collect();
        assert!(held.iter().all(|place| matches!(place, Ok(Some(_)))));
        assert!(matches!(callers.enter(nth(MAX_ADDRESSES), limits, Tick::now()), Ok(None)), "passes uncounted");
        drop(held);
        assert!(callers.is_empty(), "{} are left", callers.len());
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_asked() {
        let callers = Callers::default();
        assert!(matches!(callers.enter(address("192.0.2.1"), PerAddress::default(), Tick::now()), Ok(None)));
        assert!(callers.is_empty());
    }
}
