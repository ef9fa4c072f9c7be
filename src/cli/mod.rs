//! The command line: verbs for the process, nouns for the objects. Data goes to
//! standard output, talk to standard error.

pub mod check;
pub mod explain;
pub mod hash_password;
pub mod schema;
