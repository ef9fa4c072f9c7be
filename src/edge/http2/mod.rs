//! HTTP/2 towards callers (RFC 9113). Framing is the library's; what is bounded here is
//! how much a caller may have open, reset, send for nothing, or leave lying idle.

pub mod budget;
pub mod connection;
pub mod frames;
mod guard;
mod idle;
mod near;
pub(in crate::edge) mod opened;
mod ping;
mod pump;
pub mod received;
mod stream;

pub(in crate::edge) use connection::run;
