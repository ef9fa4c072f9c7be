//! What has happened, durably: SQLite behind the traits that `oauth` declares. One
//! writer commits for many, readers work beside it, and the numbered logs tell other
//! processes what is new. Must never: decide who gets what, or keep anything that
//! could be presented.

pub mod bot;
pub mod change;
pub mod client;
pub mod database;
pub mod lock;
pub mod measured;
pub mod open_error;
pub mod reuse;
pub mod revocation;
pub mod signing_key;
pub mod tail;
pub mod user;
pub mod writer;

mod access;
mod application;
mod authorization;
mod code;
mod column;
mod connection;
mod consent;
mod directory;
mod family;
mod folder;
mod grants;
mod narrowing;
mod pending;
mod reader;
mod registry;
mod rotation;
mod schema;
mod session;
mod sweep;
mod take_back;
mod task;
mod usage;
mod vault;

pub use database::Store;
pub use lock::{Mark, StateLock};
pub use open_error::OpenError;
