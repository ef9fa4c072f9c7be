//! tollgate: OAuth2 in front of services that have none.

pub mod access;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dialect;
pub mod edge;
pub mod follower;
pub mod gateway;
pub mod oauth;
pub mod random;
pub mod reload;
pub mod revocation;
pub mod snapshot;
pub mod store;
pub mod telemetry;
pub mod token;
pub mod users;
