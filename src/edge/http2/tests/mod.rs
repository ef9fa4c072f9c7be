//! The engine without a socket: frames in, frames out, and the time in the test's hand.
//! Each test says a rule of RFC 9113 and tries its edges; what is said on a real wire
//! stands in `tests/h2`.

mod bench;
mod chance;
mod requests;
mod sending;
mod tunnels;
