//! The way in and out: sockets, TLS, HTTP, time-outs, the drain. Decides nothing about
//! who may pass; that is `access`, and what a token request gets is `oauth`.

pub mod accept;
pub mod admin;
pub mod connection;
pub mod crew;
pub mod drain;
pub mod handshake;
pub mod head;
pub mod http1;
pub mod http2;
pub mod in_flight;
pub mod io;
pub mod linger;
pub mod listener;
pub mod placeholder;
pub mod pulse;
pub mod redirect;
pub mod serve;
pub mod shared;
pub mod worker;
