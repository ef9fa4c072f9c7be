//! Strict framing: a guard between the socket and the HTTP parser that sees every
//! byte of an HTTP/1 connection first and lets only unambiguous messages through.

pub mod chunked;
pub mod field;
pub mod guard;
pub mod held;
pub mod host;
pub mod refusal;
pub mod request_line;
pub mod scanner;
pub mod tracker;
