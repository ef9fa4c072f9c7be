//! Header compression of HTTP/2 (RFC 7541), for the side that reads requests and writes
//! answers: bytes in, lines out, and back. No sockets, no frames, no HTTP types.
//! Must never: unpack more than its caller's bound, or keep a string that was not paid for.

pub mod decoder;
pub mod encoder;
mod fixed;
mod huffman;
mod integer;
pub mod list;
mod recent;
#[cfg(test)]
mod tests;

/// A block that cannot be read. The connection's two tables are no longer the same, so
/// nothing that follows could be believed (RFC 9113 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// What a line counts besides its bytes (RFC 7541 §4.1, RFC 9113 §6.5.2).
pub const ENTRY: usize = 32;
