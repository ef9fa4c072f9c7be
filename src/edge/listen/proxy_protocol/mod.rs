//! The PROXY protocol, versions 1 and 2: a trusted proxy says, before the caller's own
//! bytes, whose they are. `header` reads bytes and knows no socket; `receive` takes a
//! header from a connection and not a byte more.

pub mod header;
pub mod receive;
