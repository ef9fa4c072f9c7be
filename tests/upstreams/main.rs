//! Upstreams from the outside: the built program, real servers that fail, fall silent,
//! die and come back, and callers that count what they get.

mod ejecting;
mod gateway;
mod health;
mod hosts;
mod killing;
mod limits;
mod reloading;
mod retrying;
mod seen;
mod server;
mod sticking;
#[path = "../support/mod.rs"]
mod support;
mod tls;
