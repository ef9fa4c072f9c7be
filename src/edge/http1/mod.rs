//! HTTP/1.1 and 1.0 towards callers: one task for each connection, with nothing between
//! the socket and the life of a request.

pub mod connection;
mod deliver;
mod near;
pub(in crate::edge) mod reply;
pub mod wire;
