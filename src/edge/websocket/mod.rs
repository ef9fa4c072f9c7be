//! WebSockets (RFC 6455), over HTTP/1.1's upgrade and HTTP/2's extended CONNECT (RFC
//! 8441): the handshake that is checked on both sides before anything is a tunnel, the
//! tunnel itself, and the close frame that ends it when its token does.
//! Must never: read a message, or undo its masking or compression.

pub mod close;
pub mod direction;
pub mod frames;
pub mod handover;
pub mod handshake;
pub mod tunnel;
