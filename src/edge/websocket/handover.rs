//! What an answer that agreed to a WebSocket hands to its caller's connection: the
//! backend's end, and what the tunnel is watched by. It travels in the answer's
//! extensions. Must never: be taken twice.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::access::tenure::Tenure;
use crate::edge::connection::Connection;
use crate::edge::request::record::Record;
use crate::edge::upstream::lease::Lease;
use crate::edge::worker::lock;

/// The backend's end of a tunnel, and what may end it.
#[derive(Debug)]
pub struct Far {
    /// The connection to it, no longer of any use to its pool.
    pub lease: Lease,
    /// What its right to go on rests on; `None`: nothing ends it.
    pub tenure: Option<Tenure>,
    /// How long it may be silent.
    pub silence: Duration,
    /// The caller's connection.
    pub connection: Arc<Connection>,
    /// The request's record, which ends with the tunnel.
    pub record: Option<Box<Record>>,
}

/// A far end on its way to the near one.
#[derive(Clone, Debug)]
pub struct Handover(Arc<Mutex<Option<Far>>>);

impl Handover {
    /// Hands this over.
    pub fn of(far: Far) -> Handover {
        Handover(Arc::new(Mutex::new(Some(far))))
    }

    /// The record goes with it; it comes back where there is nothing to go with.
    pub fn give(&self, record: Box<Record>) -> Option<Box<Record>> {
        match &mut *lock(&self.0) {
            Some(far) => {
                far.record = Some(record);
                None
            }
            None => Some(record),
        }
    }

    /// Takes it; the second time there is nothing.
    pub fn take(&self) -> Option<Far> {
        lock(&self.0).take()
    }
}
