//! What a token is: names that cannot be mixed up, scopes, claims, keys, and the
//! two spellings (JWS and opaque). Imports only `clock` and `random`; knows no
//! request, no store, no policy.

pub mod claim_names;
pub mod claims;
pub mod fingerprint;
pub mod handle;
pub mod id;
pub mod json;
mod jwk;
pub mod jws;
pub mod key;
pub mod members;
pub mod opaque;
pub mod place;
pub mod ring;
pub mod scope;
pub mod seal;
pub mod secret;
mod signing;
mod verifying;
