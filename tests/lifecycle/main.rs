//! The life of the process as its operator knows it: the end under load, certificates
//! that change under load, the hand-over to a new program, sockets that somebody else
//! has opened. The built program, real signals, real sockets.
//! Must never: sleep to wait for something.

#[path = "../support/mod.rs"]
mod support;

mod acme;
mod acme_authority;
mod acme_clock;
mod activation;
mod authority;
mod callers;
mod certificates;
mod crowd;
mod ending;
mod health;
mod http2;
mod kubernetes;
mod state;
mod succession;
