//! Strict framing: a guard between the socket and the HTTP parser that sees every
//! byte of an HTTP/1 connection first and lets only unambiguous messages through.

pub mod refusal;
