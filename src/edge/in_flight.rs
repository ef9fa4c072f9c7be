//! How many exchanges of a connection are under way, from the call of the service to
//! the last byte of the answer's body. Idle time-outs and the drain ask for it.
//! Must never: miss an end; the count goes down in `drop`, so an abort counts too.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::edge::connection::Connection;

/// The count of one connection.
#[derive(Debug, Default)]
pub struct InFlight(AtomicUsize);

impl InFlight {
    /// Exchanges that have begun and not ended.
    pub fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// One exchange under way.
pub struct Running(Arc<Connection>);

impl Running {
    /// Counts one more, until it is dropped.
    pub(in crate::edge) fn begin(connection: &Arc<Connection>) -> Running {
        connection.in_flight.0.fetch_add(1, Ordering::AcqRel);
        Running(Arc::clone(connection))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.touch();
        self.0.in_flight.0.fetch_sub(1, Ordering::AcqRel);
    }
}
