//! What one server's connections of one worker are bounded by: the worker's own figures,
//! and those that all workers share.

use std::time::Duration;

use crate::snapshot::Upstream;
use crate::snapshot::upstream::Limits;

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
