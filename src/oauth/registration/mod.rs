//! Applications that register themselves (RFC 7591) and manage what they registered
//! (RFC 7592), within the operator's policy. Nothing that is named is ever fetched:
//! logos, keys and documents by reference are refused.

pub(in crate::oauth) mod endpoint;
mod fault;
mod metadata;
