//! Why a gateway could not start, for the person who started it. Each says what, where
//! and, from the part that knows, how to mend it.

use crate::edge::admin;
use crate::edge::listen::listener;
use crate::oauth::store::StoreError;
use crate::store::OpenError;

/// A start that failed; nothing listens any more when this is returned.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The state folder or the database in it.
    #[error("{0}")]
    State(#[from] OpenError),
    /// The store opened and could not be read or written.
    #[error("the store does not answer: {0}")]
    Store(#[from] StoreError),
    /// One or several addresses.
    #[error("{}", lines(.0))]
    Listen(Vec<listener::BindError>),
    /// The address of metrics and health.
    #[error("{0}")]
    Admin(#[from] admin::BindError),
    /// The audit log's file.
    #[error("cannot open the audit log: {0}")]
    Audit(std::io::Error),
    /// Threads or runtimes.
    #[error("the system gave no {what}: {cause}")]
    System {
        /// What was asked for.
        what: &'static str,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The metrics registry; two metrics of one name would be our mistake.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

impl StartError {
    /// For `map_err` where the system refuses something.
    pub fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> StartError {
        move |cause| StartError::System { what, cause }
    }
}

fn lines(errors: &[listener::BindError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
