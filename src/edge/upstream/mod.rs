//! Backends as one worker knows them: servers, the connections kept to them, which
//! server is asked next, and one exchange with it. Nothing here is shared with
//! another worker, and nothing knows what a token is.

pub mod balance;
pub mod bounds;
pub mod connect;
pub mod download;
pub mod error;
pub mod exchange;
pub mod key;
pub mod layout;
pub mod link;
pub mod pool;
pub mod request;
pub mod ticket;
pub mod waiting;

#[cfg(test)]
mod tests;
