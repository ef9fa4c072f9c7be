//! The YAML language: from the bytes of one file to a `Snapshot`, or to every mistake
//! in it with line, column and a way out. `load` is the one way in: starting,
//! checking and reloading all go through it, so they cannot disagree.
//! Must never: open a socket, write a file, or print the value of a secret.

pub mod compile;
pub mod dialect_file;
pub mod document;
pub mod files;
mod graft;
pub mod load;
mod made_key;
pub mod print;
pub mod problem;
pub mod schema;
pub mod self_signed;
pub mod source;
