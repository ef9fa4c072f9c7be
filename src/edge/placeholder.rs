//! Stand-ins for types that other parts of the house bring: each is replaced by the
//! real one when its part arrives, and then this file goes.
//! Must never: reach the main branch.

/// `revocation::list::List`.
#[derive(Debug, Default)]
pub struct List;

/// `token::fingerprint::Fingerprinter`.
#[derive(Debug, Default)]
pub struct Fingerprinter;

/// `oauth::service::Service<Store, HashingPool>`.
#[derive(Debug, Default)]
pub struct Service;

/// `access::seen::Seen`.
#[derive(Debug, Default)]
pub struct Seen;

impl Seen {
    /// Forgets every verdict.
    pub fn clear(&mut self) {}
}

/// `telemetry::Telemetry`.
#[derive(Debug, Default)]
pub struct Telemetry;

/// `telemetry::meter::Meter`.
#[derive(Debug, Default)]
pub struct Meter;

/// `edge::upstream::pool::Pools`.
#[derive(Debug, Default)]
pub struct Pools;
