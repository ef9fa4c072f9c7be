//! Sockets, TLS and HTTP: the one floor that awaits and that sees bytes of strangers.

pub mod forwarded;
pub mod headers;
pub mod identity;
pub mod pulse;
pub mod upload;
pub mod upstream;
