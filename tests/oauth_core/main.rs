//! The issuer's endpoints as a caller meets them, without sockets: the whole service
//! over a store in memory that keeps the laws of the store trait. One topic a file.

mod assertions;
mod attacks;
mod authorize;
mod clients;
mod codes;
mod desk;
mod dialects;
mod documents;
mod errors;
mod grants;
mod introspect;
mod legacy;
mod memory;
mod people;
mod refresh;
mod registering;
mod revoke;
mod taking_back;
