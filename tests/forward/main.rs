//! Requests through real sockets: a gateway built from values, scripted backends, and
//! callers that write bytes. What a backend sees and what a caller gets is compared.
//! Must never: wait for time to pass where an event can be awaited.

#[path = "../support/answer.rs"]
#[allow(dead_code, reason = "each test binary uses its own part")]
mod answer;

mod admission;
mod answers;
mod application_keys;
mod backend;
mod bodies;
#[path = "../support/buffers.rs"]
mod buffers;
mod duplex;
mod endings;
mod endpoint;
mod faults;
mod gateway;
mod headers;
mod http2;
mod names;
#[path = "../support/port.rs"]
mod port;
mod responses;
mod targets;
mod wire;
