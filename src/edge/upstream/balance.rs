//! Which server of an upstream is asked next: the one with the fewest requests of
//! this worker on their way. A server that refused a connection rests for a while,
//! so that one dead server costs one failed try now and then and never an error
//! while another one lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::edge::pulse::{Pulses, Tick};
use crate::edge::upstream::error::ForwardError;
use crate::edge::upstream::pool::{Lease, Origin, Pool};

/// Servers that are tried for one request.
const MAX_TRIES: usize = 3;

/// One server of an upstream.
#[derive(Clone, Debug)]
pub enum Target {
    /// Over the network.
    Http(Arc<Pool>),
    /// `builtin:echo`.
    Echo,
}

/// The servers of one upstream.
#[derive(Debug)]
pub struct Balance {
    targets: Vec<Target>,
    turn: AtomicUsize,
}

/// What a request got.
#[derive(Debug)]
pub enum Chosen {
    /// A connection.
    Lease(Lease, Origin),
    /// The built-in backend.
    Echo,
}

impl Balance {
    /// Balances over these.
    pub fn over(targets: Vec<Target>) -> Balance {
        Balance { targets, turn: AtomicUsize::new(0) }
    }

    /// The servers.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// A connection to the least busy server that takes one.
    pub async fn lease(&self, pulses: &Pulses) -> Result<Chosen, ForwardError> {
        let mut tried = Vec::new();
        let mut last = ForwardError::Connect;
        while tried.len() < MAX_TRIES
            && let Some(index) = self.pick(&tried)
        {
            match &self.targets[index] {
                Target::Echo => return Ok(Chosen::Echo),
                Target::Http(pool) => match pool.lease(pulses).await {
                    Ok((lease, origin)) => return Ok(Chosen::Lease(lease, origin)),
                    Err(error) => last = error,
                },
            }
            tried.push(index);
        }
        Err(last)
    }

    /// The least busy server that was not tried; a resting one only for want of others.
    fn pick(&self, tried: &[usize]) -> Option<usize> {
        if self.targets.len() == 1 {
            return tried.is_empty().then_some(0);
        }
        let now = Tick::now();
        let count = self.targets.len();
        let start = self.turn.fetch_add(1, Ordering::Relaxed);
        let all = (0..count).map(|i| start.wrapping_add(i) % count);
        all.filter(|index| !tried.contains(index)).min_by_key(|index| match &self.targets[*index] {
            Target::Echo => (false, 0),
            Target::Http(pool) => (pool.is_resting(now), pool.in_flight()),
        })
    }
}
