//! File descriptors: asks the system for as many as it may have, and says how many
//! callers those are enough for. A caller needs one, the backend that answers him
//! another, as far as the upstreams' pools go; store, logs and sockets need a few that
//! nobody else may take.
//! Must never: let callers use up what store and backends need.

use std::net::IpAddr;

use rustix::process::{Resource, getrlimit, setrlimit};

use crate::snapshot::Snapshot;
use crate::snapshot::upstream::{Site, Upstream};

/// Descriptors kept for the store, the logs, the listeners, metrics and reloads.
const RESERVED: u64 = 64;

/// Servers that a name may stand for, as far as descriptors are kept for them.
const ADDRESSES_OF_A_NAME: usize = 16;

/// Raises the process's soft limit to the hard one; returns how many callers may be
/// connected at once, and warns if the listeners promise more.
pub fn provide(snapshot: &Snapshot) -> usize {
    let mut limits = getrlimit(Resource::Nofile);
    if limits.current != limits.maximum {
        let hard = limits.maximum;
        limits.current = hard;
        if let Err(error) = setrlimit(Resource::Nofile, limits) {
            tracing::warn!(%error, "the limit of open files could not be raised");
            limits = getrlimit(Resource::Nofile);
        }
    }
    let (files, callers) = (limits.current, for_callers(snapshot));
    let promised: usize = snapshot.listeners.iter().map(|listener| listener.limits.connections).sum();
    // Promises are upper bounds that one listener seldom reaches; a tenth of them is a need.
    if callers < promised / 10 {
        tracing::warn!(?files, callers, promised, "the system allows few open files; connections beyond are closed");
    }
    callers
}

/// How many callers may be connected at once under this snapshot, with the descriptors
/// that the process may have now.
pub fn for_callers(snapshot: &Snapshot) -> usize {
    let Some(files) = getrlimit(Resource::Nofile).current else { return usize::MAX };
    callers(files, backends(&snapshot.upstreams, snapshot.fixed.workers))
}

/// Backends get what their pools may open, but no more than half of what is left.
fn callers(files: u64, backends: u64) -> usize {
    let left = files.saturating_sub(RESERVED);
    usize::try_from(left - backends.min(left / 2)).unwrap_or(usize::MAX).max(1)
}

/// Connections that these upstreams may have open, health checks included.
fn backends(upstreams: &[Upstream], workers: usize) -> u64 {
    let most = upstreams.iter().map(|upstream| {
        let servers = upstream.servers.iter().map(|server| match &server.site {
            Site::Echo => 0,
            Site::Unix(_) => 1,
            Site::Network { host, .. } if host.parse::<IpAddr>().is_ok() => 1,
            Site::Network { .. } => ADDRESSES_OF_A_NAME,
        });
        let servers: usize = servers.sum();
        let pools = servers.saturating_mul(upstream.max_connections).saturating_mul(workers.max(1));
        pools.min(upstream.limits.connections.unwrap_or(usize::MAX)) + servers
    });
    u64::try_from(most.fold(0, usize::saturating_add)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{backends, callers};
    use crate::snapshot::upstream::{Server, Site, Upstream};

    #[test]
    fn callers_leave_room_for_backends_and_the_store() {
        let many = u64::MAX;
        assert_eq!((callers(256, many), callers(1_024, many), callers(20_000, many)), (96, 480, 9_968));
        assert_eq!((callers(20_000, 0), callers(20_000, 512)), (19_936, 19_424));
        // Too few for anything: one caller is still served.
        assert_eq!((callers(10, many), callers(0, 0)), (1, 1));
    }

    #[test]
    fn backends_may_open_what_their_pools_hold() {
        let server = |site| Server { site, weight: 1, tls: None };
        let host = |host: &str| server(Site::Network { host: host.into(), port: 80 });
        let of = |servers| Upstream::of("up".into(), servers);
        assert_eq!(backends(&[of(vec![server(Site::Echo)])], 2), 0);
        assert_eq!(backends(&[of(vec![host("192.0.2.1"), host("::1")])], 2), 2 * 2 * 256 + 2);
        assert_eq!(backends(&[of(vec![host("orders.internal")])], 1), 16 * 256 + 16);
        let mut bounded = of(vec![host("192.0.2.1")]);
        bounded.limits.connections = Some(10);
        assert_eq!(backends(&[bounded], 4), 11);
    }
}
