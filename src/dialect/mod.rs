//! How a token endpoint and its API errors are spelled. A dialect turns bytes into
//! the one `TokenRequest` and the one outcome into bytes; it never decides who gets
//! what. Imports only `token` and `clock`.

pub mod condition;
pub mod endpoint;
pub mod request;
pub mod wire;
