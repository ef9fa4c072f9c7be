//! The commands about clients, users, tokens, revocations and keys, on a real store:
//! what they change, what they say, what they refuse. The streams are values, so all
//! that an operator would read is asserted.

mod applications;
mod bots;
mod objects;
mod revoking;
mod support;
