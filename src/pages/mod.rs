//! The pages of people as HTML: a page as data goes in, bytes come out, in one of our
//! languages and the operator's colour. Everything that came from somebody else is
//! escaped by the templates. Must never: know a store, a clock or a socket, or put a
//! style or a script into a page (the policy of the pages forbids both).

pub mod assets;
pub mod language;

mod agent;
mod layout;
mod palette;
mod render;
mod shell;
mod way;

pub use render::{MEDIA, render};

#[cfg(test)]
mod tests;
