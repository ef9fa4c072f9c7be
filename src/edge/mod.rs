//! The way in and out: sockets, TLS, HTTP, time-outs, the drain. Decides nothing about
//! who may pass; that is `access`, and what a token request gets is `oauth`.

pub mod admin;
pub mod body;
pub mod ceiling;
pub mod connection;
pub mod credential;
pub mod deadline;
pub mod drain;
pub mod fleet;
pub mod forward;
pub mod grpc;
pub mod head;
pub mod hpack;
pub mod http1;
pub mod http2;
pub mod in_flight;
pub mod interim;
pub mod io;
pub mod issuer;
pub mod lifeline;
pub mod listen;
pub mod memory;
pub mod request;
pub mod respond;
pub mod serve;
pub mod shared;
pub mod stream;
pub mod traffic;
pub mod upstream;
pub mod websocket;
pub mod worker;
