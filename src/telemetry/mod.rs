//! What can be seen from outside: counters, the access log, the audit log. Imports
//! only `clock`; is told everything by values, and keeps no secret because it is
//! never handed one.

pub mod access_log;
pub mod audit_log;
pub mod catalog;
pub mod events;
pub mod exchange;
mod family;
pub mod gauges;
pub mod histogram;
pub mod label;
pub mod layout;
pub mod ledger;
pub mod log;
pub mod log_file;
pub mod meter;
pub mod metrics;
pub mod outcome;
pub mod reason;
pub mod scrape;
pub mod servers;
pub mod spool;
pub mod tally;

pub use exchange::Exchange;
pub use layout::Layout;
pub use meter::Meter;
pub use metrics::Telemetry;
