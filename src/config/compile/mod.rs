//! Documents get their meaning: names become indexes, texts become keys, rules become
//! bit sets, and whatever cannot be meant is a problem with its place. Each part goes
//! on after a mistake, so that the next part's mistakes are found in the same run.

mod access;
mod acme;
mod address;
mod alone;
mod assertion;
mod balancing;
mod client;
mod client_auth;
mod client_tls;
mod compiler;
mod cors;
mod dialect;
mod dialect_body;
mod fixed;
mod header;
mod header_rules;
mod health;
mod issuer;
mod key;
mod limit;
mod limits;
mod lint;
mod listener;
mod mint;
mod own;
mod page;
mod parts;
mod people;
mod profile;
mod rewrite;
mod route;
mod rules;
mod scope;
mod server;
mod sni;
mod table;
mod template;
mod tickets;
mod tls;
mod token;
mod token_header;
mod told_expiry;
mod unverified;
mod upstream;
mod url;
mod user;
mod websocket;
mod whole;

pub use crate::config::compile::alone::check_dialect;
pub use crate::config::compile::compiler::Outside;
pub use crate::config::compile::whole::compile;
