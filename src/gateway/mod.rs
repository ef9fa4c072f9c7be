//! The composition root: joins configuration, store, keys, workers, follower and
//! telemetry into one running gateway. Decides nothing; whatever looks like a rule
//! belongs further down.

pub mod activation;
pub mod boot_client;
pub mod certificates;
pub mod descriptors;
pub mod keeper;
pub mod memory;
pub mod readiness;
pub mod renewal;
pub mod rings;
pub mod running;
pub mod sight;
pub mod start;
pub mod start_error;
pub mod succession;

pub use running::Gateway;
pub use start::{Parts, start, start_with};
pub use start_error::StartError;
