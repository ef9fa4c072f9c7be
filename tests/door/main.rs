//! The doors on real sockets: workers, listeners, TLS and HTTP as the gateway runs
//! them, with a small service of the test's own behind. Every port is the kernel's
//! choice. Must never: sleep to wait for something.

mod bodies;
mod drain;
#[path = "../support/files.rs"]
mod files;
mod handshakes;
mod heads;
mod house;
mod limits;
#[path = "../support/pace.rs"]
mod pace;
mod proxied;
mod timeouts;
mod tls;
mod wire;
