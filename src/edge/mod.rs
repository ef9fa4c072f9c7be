//! Sockets, TLS and HTTP: the only floor, with reload and the gateway itself, where
//! code waits for the world.

pub mod admin;
