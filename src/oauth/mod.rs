//! What the issuer's endpoints answer. Rules only: a request free of spelling goes
//! in, an outcome comes out; `now` and the random source are arguments, durable
//! state is behind the store traits declared here by the code that needs them.

pub mod answer;
pub mod application;
pub mod application_store;
pub mod assertion;
pub mod audit;
mod authenticate;
pub mod authorize;
pub mod authorized;
pub mod bot;
pub mod client;
mod cors;
pub mod deviation;
pub mod endpoints;
mod form;
pub mod generate;
mod grants;
mod info;
mod inspect;
mod introspect;
pub mod issue;
pub mod issuer;
mod jwks;
mod metadata;
mod notices;
mod openid;
mod party;
pub mod people;
pub mod person;
pub mod pkce;
pub mod redirect;
mod registration;
mod reuse;
mod revoke;
pub mod service;
pub mod session;
mod sign;
mod sign_in;
pub mod spelling;
pub mod store;
pub mod throttle;
pub mod user;
pub mod view;
pub mod visitor;
pub mod warnings;

pub use answer::Answer;
pub use endpoints::endpoints;
pub use service::{Desk, Service};
