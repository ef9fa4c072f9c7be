//! How a token endpoint and its API errors are spelled. A dialect turns bytes into
//! the one `TokenRequest` and the one outcome into bytes; it never decides who gets
//! what. Imports only `token` and `clock`.

pub mod answer;
pub mod basic;
pub mod braces;
pub mod challenge;
pub mod condition;
pub mod credential;
pub mod endpoint;
pub mod fact;
pub mod fault;
pub mod filter;
pub mod issued;
pub mod knobs;
mod multipart;
pub mod params;
pub mod presets;
pub mod read;
pub mod refusal;
pub mod refusals;
pub mod request;
pub mod shape;
pub mod spelling;
pub mod standard;
pub mod template;
pub mod token_header;
pub mod vocabulary;
pub mod wire;
pub mod write;

pub use knobs::Dialect;
