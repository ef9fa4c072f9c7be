//! The command line: one file per noun. Commands about clients, users, tokens,
//! revocations and keys work on the store, with or without a gateway running beside
//! them; what they change reaches it through the store's numbered logs.

pub mod client;
pub mod console;
pub mod failure;
pub mod keys;
pub mod place;
pub mod revocations;
pub mod token;
pub mod user;
