//! The names among the servers and what was last learnt about each: its addresses, and
//! when it is to be asked for again. A failed look-up takes nothing away.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::balance::moment::Moment;
use crate::edge::worker::pulse::Tick;
use crate::snapshot::{Site, Upstream};

/// Addresses of one name that are used; further ones are left out.
const MAX_ADDRESSES: usize = 64;
/// The longest pause after a look-up that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Every name.
#[derive(Debug, Default)]
pub struct Names(HashMap<Box<str>, Name>);

#[derive(Debug)]
struct Name {
    /// Sorted; empty as long as nothing was learnt.
    addresses: Vec<IpAddr>,
    refresh: Duration,
    due: Moment,
    asked: Asked,
    failing: bool,
    successes: u64,
    failures: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Asked {
    /// Never yet.
    Never,
    /// A look-up is under way.
    Now,
    /// And answered, well or not.
    Before,
}

/// How the look-ups of one name have gone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tally {
    /// The name.
    pub host: Box<str>,
    /// Look-ups that gave addresses.
    pub successes: u64,
    /// Look-ups that did not.
    pub failures: u64,
}

impl Names {
    /// Knows the names of `upstreams` from now on, and no others.
    pub fn adapt(&mut self, upstreams: &[Upstream]) {
        let mut wanted: HashMap<&str, Duration> = HashMap::new();
        for upstream in upstreams {
            for server in &upstream.servers {
                let Site::Network { host, .. } = &server.site else { continue };
                if host.parse::<IpAddr>().is_err() {
                    let refresh = wanted.entry(host).or_insert(upstream.dns_refresh);
                    *refresh = upstream.dns_refresh.min(*refresh);
                }
            }
        }
        self.0.retain(|host, _| wanted.contains_key(&**host));
        let now = Tick::now().moment();
        for (host, refresh) in wanted {
            let name = self.0.entry(host.into()).or_insert_with(|| Name {
                addresses: Vec::new(),
                refresh,
                due: now,
                asked: Asked::Never,
                failing: false,
                successes: 0,
                failures: 0,
            });
            name.refresh = refresh;
            name.due = name.due.min(now.after(refresh));
        }
    }

    /// The addresses of a host: itself if it is one, else what was last learnt, IPv4
    /// before IPv6: of a name that has both, only IPv4 is used, since one server must
    /// not count as two.
    pub fn addresses(&self, host: &str) -> Vec<IpAddr> {
        if let Ok(address) = host.parse() {
            return vec![address];
        }
        let known = self.0.get(host).map_or(&[][..], |name| &name.addresses);
        let v4: Vec<IpAddr> = known.iter().copied().filter(IpAddr::is_ipv4).collect();
        if v4.is_empty() { known.to_vec() } else { v4 }
    }

    /// The names whose time has come at `now`; they are not given again until they are
    /// answered.
    pub fn take_due(&mut self, now: Moment) -> Vec<Box<str>> {
        let mut due = Vec::new();
        for (host, name) in &mut self.0 {
            if name.asked != Asked::Now && name.due <= now {
                name.asked = Asked::Now;
                due.push(host.clone());
            }
        }
        due
    }

    /// When the next name is due.
    pub fn next_due(&self) -> Option<Moment> {
        self.0.values().filter(|name| name.asked != Asked::Now).map(|name| name.due).min()
    }

    /// Whether every name has been answered once.
    pub fn settled(&self) -> bool {
        self.0.values().all(|name| name.asked == Asked::Before || name.successes + name.failures > 0)
    }

    /// Takes an answer; `true` when the addresses are others now.
    pub fn learn(&mut self, host: &str, answer: std::io::Result<Vec<IpAddr>>) -> bool {
        let Some(name) = self.0.get_mut(host) else { return false };
        name.asked = Asked::Before;
        let now = Tick::now().moment();
        let mut addresses = match answer {
            Ok(addresses) if !addresses.is_empty() => addresses,
            failed => {
                name.failures += 1;
                name.due = now.after(name.refresh.min(AFTER_FAILURE));
                if !std::mem::replace(&mut name.failing, true) {
                    let why = failed.err().map_or_else(|| "it has no address".to_owned(), |error| error.to_string());
                    let kept = name.addresses.len();
                    tracing::warn!(host, why, kept, "a server's name could not be looked up");
                }
                return false;
            }
        };
        name.successes += 1;
        name.due = now.after(name.refresh);
        if std::mem::take(&mut name.failing) {
            tracing::info!(host, "a server's name can be looked up again");
        }
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.len() > MAX_ADDRESSES {
            tracing::warn!(host, addresses = addresses.len(), used = MAX_ADDRESSES, "a name has too many addresses");
            addresses.truncate(MAX_ADDRESSES);
        }
        let news = addresses != name.addresses;
        if news && !name.addresses.is_empty() {
            tracing::info!(host, ?addresses, "a server's name has other addresses now");
        }
        name.addresses = addresses;
        news
    }

    /// How the look-ups have gone, by name.
    pub fn tallies(&self) -> Vec<Tally> {
        let mut all = Vec::new();
        for (host, name) in &self.0 {
            all.push(Tally { host: host.clone(), successes: name.successes, failures: name.failures });
        }
        all.sort_unstable_by(|a: &Tally, b: &Tally| a.host.cmp(&b.host));
        all
    }
}
