//! HTTP/2 towards backends: connections that carry many requests at once (`session`), how
//! a worker shares them out (`sessions`), and one request on one of them (`call`).
//! Must never: put more streams on a connection than both sides allow.

mod answer;
pub mod call;
mod doubt;
mod sending;
pub mod session;
pub mod sessions;
