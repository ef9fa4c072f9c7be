//! The built program under much of something: bytes, callers, an end in the middle of
//! it. Each test has a gateway process of its own, whose memory is the kernel's word.
//! Must never: depend on how fast the machine is.

#[path = "../support/mod.rs"]
mod support;

mod bulk;
mod bulk_http2;
mod crowd;
mod ending;
mod hostile;
mod memory;
mod overload;
mod process;
