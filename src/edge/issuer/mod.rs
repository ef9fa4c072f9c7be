//! Requests to the endpoints of our own issuers, between the socket and `oauth`. Must
//! never: decide what a client gets.

pub mod endpoint;
pub mod finish;
