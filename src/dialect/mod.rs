//! How a token endpoint and its API errors are spelled. A dialect turns bytes into
//! the one `TokenRequest` and the one outcome into bytes; it never decides who gets
//! what. Imports only `token` and `clock`.

pub mod basic;
pub mod challenge;
pub mod condition;
pub mod credential;
pub mod endpoint;
pub mod issued;
pub mod knobs;
pub mod params;
pub mod read;
pub mod refusal;
pub mod request;
pub mod wire;
pub mod write;

pub use knobs::Dialect;
