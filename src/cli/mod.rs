//! The command line: verbs for the process, one file per noun for its objects. Data
//! goes to standard output, talk to standard error. Commands about clients, users,
//! tokens, revocations and keys work on the store, with or without a gateway running
//! beside them; what they change reaches it through the store's numbered logs.

pub mod arguments;
pub mod banner;
pub mod bot;
pub mod check;
pub mod client;
pub mod compiling;
pub mod console;
pub mod dialect;
pub mod entry;
pub mod explain;
pub mod failure;
pub mod field;
pub mod hash_password;
pub mod healthcheck;
pub mod keys;
pub mod living;
pub mod place;
pub mod program;
pub mod reloading;
pub mod revocations;
pub mod run;
pub mod schema;
pub mod secret_file;
pub mod signals;
pub mod supervisor;
pub mod token;
pub mod user;
