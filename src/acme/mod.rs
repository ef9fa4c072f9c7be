//! Certificates from an authority that speaks ACME (RFC 8555): the account, an order with
//! its proofs, what is kept of it in the state folder, when it is time to renew, and which
//! certificate a handshake gets. Knows nothing of listeners and requests.
//! Must never: leave a proof in place after its order has ended, or write a key anywhere
//! but into a file of its own.

pub mod account;
pub mod advice;
pub mod board;
pub mod error;
pub mod fetch;
pub mod kept;
pub mod order;
pub mod pair;
pub mod resolver;
pub mod shelf;
pub mod timing;
pub mod wanted;
