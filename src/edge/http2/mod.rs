//! HTTP/2 towards callers (RFC 9113), by an engine of our own: `engine` takes a caller's
//! bytes and writes ours, `connection` moves them, and no stream is a task. Bounded is how
//! much a caller may have open, reset, send for nothing, or leave lying idle.

pub mod budget;
pub mod connection;
mod control;
pub(in crate::edge) mod engine;
pub mod fault;
pub mod frame;
mod idle;
pub mod inlet;
mod lives;
pub(in crate::edge) mod message;
mod near;
pub(in crate::edge) mod opened;
pub(in crate::edge) mod outgoing;
mod ping;
pub mod ready;
pub mod received;
mod requests;
pub(in crate::edge) mod sending;
mod stream;
#[cfg(test)]
mod tests;

pub(in crate::edge) use connection::run;
