//! The language as types: what may be written where, each key with its doc comment,
//! which is also its description in the published JSON Schema. Nothing is decided
//! here; `compile` gives the words their meaning.

pub mod access;
pub mod acme;
pub mod assertion;
pub mod blocks;
pub mod client;
pub mod dialect;
pub mod dialect_choice;
pub mod duration;
pub mod fault;
pub mod forward;
pub mod gateway;
pub mod health;
pub mod issuer;
pub mod limit;
pub mod listener;
pub mod memory;
pub mod named;
pub mod observability;
pub mod one_or_many;
pub mod page;
pub mod people;
pub mod percent;
pub mod rate;
pub mod route;
pub mod secret;
pub mod server;
pub mod shape;
pub mod share;
pub mod size;
pub mod token;
pub mod traffic;
pub mod upstream;
pub mod user;
pub mod word;
