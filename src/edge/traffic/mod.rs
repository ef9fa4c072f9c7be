//! The rules of a route at work: one ruling a request, asked when it arrives, when it is
//! admitted, when it is written for a backend and when its answer leaves. What is decided
//! stands in `crate::traffic`; here are sockets, time and chance.

pub mod copying;
pub mod moment;
pub mod ruling;
pub mod shrinking;
pub mod tee;
