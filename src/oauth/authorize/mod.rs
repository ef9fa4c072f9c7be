//! The authorization endpoint (RFC 6749 §4.1 with the rules of RFC 9700): a browser
//! comes with an application's request, a person signs in and agrees, the application
//! gets a code. Errors go back to the application only when client and redirect URI
//! are good; otherwise the person reads a page.

pub mod agree;
pub mod answer;
pub mod code;
pub mod consent;
pub mod decide;
pub mod endpoint;
pub mod error;
pub mod pending;
mod read;
pub mod request;
pub mod store;
