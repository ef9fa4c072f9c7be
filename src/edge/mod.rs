//! The way in and out: sockets, TLS, HTTP, time-outs, the drain. Decides nothing about
//! who may pass; that is `access`, and what a token request gets is `oauth`.

pub mod connection;
pub mod drain;
pub mod forwarded;
pub mod head;
pub mod headers;
pub mod identity;
pub mod in_flight;
pub mod placeholder;
pub mod pulse;
pub mod serve;
pub mod shared;
pub mod upload;
pub mod upstream;
pub mod worker;
