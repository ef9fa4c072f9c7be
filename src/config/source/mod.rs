//! The file as a tree that remembers where everything stands. Everything above it
//! speaks of `Place`s, so every mistake, however late it is found, has its caret.

pub mod at;
pub mod interpolate;
pub mod mask;
pub mod mistake;
pub mod parse;
pub mod place;
pub mod read;
pub mod scalar;
#[cfg(test)]
mod tests;
pub mod text;
pub mod tree;
