//! HTTP/1 messages in bytes, read strictly and once: heads of requests and of answers,
//! and where their bodies stand and end. What two parsers could read in two ways is
//! refused here; nothing behind reads the bytes again.

pub mod answer;
pub mod chunked;
pub mod field;
pub mod framed;
pub mod host;
pub mod reason;
pub mod refusal;
pub mod request;
pub mod request_line;
pub mod scanner;
pub mod trailer;

#[cfg(test)]
mod tests;
