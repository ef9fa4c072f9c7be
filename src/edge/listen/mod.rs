//! How a caller gets in: sockets that listen, the PROXY protocol, the TLS handshake, and
//! who has how many connections. Must never: look at what is asked.

pub mod accept;
pub mod callers;
pub mod client_certificate;
pub mod complaint;
pub mod ear;
pub mod half_open;
pub mod handshake;
pub mod inherited;
pub mod linger;
pub mod listener;
pub mod plug;
pub mod proxy_protocol;
pub mod unix_socket;
