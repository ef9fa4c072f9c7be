//! tollgate: a reverse-proxy gateway that puts OAuth2 in front of services that have
//! none. This is the map; `ARCHITECTURE.md` tells the same story at length.
//!
//! # Floors
//!
//! Imports go down only, and neighbours on one floor do not know each other
//! (`tests/tidy.rs` reads every import).
//!
//! | floor | what stands there |
//! |---|---|
//! | 9 | [`cli`]: commands, flags, exit codes |
//! | 8 | [`gateway`]: the composition root |
//! | 7 | [`reload`]: a changed file becomes a new snapshot, or nothing · [`follower`]: the store's log becomes memory |
//! | 6 | [`edge`]: sockets, TLS, HTTP, forwarding · [`config`]: text becomes a snapshot |
//! | 5 | [`pages`]: what people see, as HTML · [`snapshot`]: what the operator said · [`store`]: what has happened since · [`users`]: password hashing |
//! | 4 | [`access`]: may this request pass? · [`oauth`]: what does the token endpoint answer? · [`traffic`]: what else becomes of it? |
//! | 3 | [`dialect`]: how endpoints and refusals are spelled |
//! | 2 | [`revocation`]: what was called back · [`balance`]: which server is asked · [`acme`]: how is a certificate got? |
//! | 1 | [`token`]: names, scopes, claims, keys, signatures · [`telemetry`]: counters and logs |
//! | 0 | [`clock`], [`random`] |
//!
//! # Flows
//!
//! * **A request**: [`edge::request`] receives, locates, decides ([`access::admit`]),
//!   acts ([`edge::forward`], which needs an [`access::permit::Permit`]) and records.
//! * **A token request**: [`edge::issuer::endpoint`] collects it, [`oauth::service`] reads,
//!   authenticates, decides, issues and writes; the store answers before the client.
//! * **A reload**: [`reload`] notices, [`config::load`] compiles everything or says all
//!   that is wrong, [`gateway::running::Swapper`] puts it in force with one swap.
//! * **A revocation**: [`oauth::service`] or [`cli::token`] makes a
//!   [`revocation::notice::Notice`], [`store`] makes it durable, the
//!   [`revocation::list::List`] makes it felt; [`follower`] carries those of other processes.
//!
//! # What is deliberately absent
//!
//! No clock, socket, file, log or chance below floor 5 (but in the adapters that bear
//! those names, and in [`acme`], which asks an authority); no `unsafe`; no constructor of a `Permit` outside [`access`]; no
//! answer of a token endpoint before its effect is durable; no label, log line or
//! error body with a secret in it.

pub mod access;
pub mod acme;
pub mod balance;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod edge;
pub mod follower;
pub mod gateway;
pub mod oauth;
pub mod pages;
pub mod random;
pub mod reload;
pub mod revocation;
pub mod snapshot;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod traffic;
pub mod users;
