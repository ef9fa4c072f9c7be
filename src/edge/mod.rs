//! The way in and out: sockets, TLS, HTTP, time-outs, the drain. Decides nothing about
//! who may pass; that is `access`, and what a token request gets is `oauth`.

pub mod accept;
pub mod admin;
pub mod body;
pub mod collect;
pub mod connection;
pub mod crew;
pub mod drain;
pub mod echo;
pub mod endpoint;
pub mod forward;
pub mod forwarded;
pub mod handshake;
pub mod head;
pub mod headers;
pub mod http1;
pub mod http2;
pub mod identity;
pub mod in_flight;
pub mod inquiry;
pub mod io;
pub mod linger;
pub mod listener;
pub mod locate;
pub mod pulse;
pub mod record;
pub mod redirect;
pub mod request;
pub mod respond;
pub mod serve;
pub mod shared;
pub mod spare;
pub mod target;
pub mod upload;
pub mod upstream;
pub mod worker;
