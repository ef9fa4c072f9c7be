//! May this request pass? Pure: a request's head, the compiled policy, the keys, the
//! revocation list and `now` go in; a `Permit`, a `Denial` or a `Question` comes out.

pub mod admit;
pub mod application;
pub mod bearer;
pub mod denial;
pub mod host;
pub mod path;
pub mod pattern;
pub mod permit;
pub mod policy;
pub mod profile;
pub mod route;
pub mod rule;
pub mod seen;
pub mod table;
pub mod tenure;
pub mod verifier;
