//! What the issuer's endpoints answer. Rules only: a request free of spelling goes
//! in, an outcome comes out; `now` and the random source are arguments, durable
//! state is behind the store traits declared here by the code that needs them.

pub mod audit;
pub mod client;
pub mod endpoints;
pub mod issuer;
pub mod store;
pub mod user;

pub use endpoints::endpoints;
