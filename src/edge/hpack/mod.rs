//! Header compression of HTTP/2 (RFC 7541), for the side that reads requests and writes
//! answers: bytes in, lines out, and back. No sockets, no frames, no HTTP types.
//! Must never: unpack more than its caller's bound, or keep a string that was not paid for.

pub mod decoder;
pub mod encoder;
mod fixed;
mod huffman;
mod integer;
pub mod list;
pub mod malformed;
mod recent;
#[cfg(test)]
mod tests;
