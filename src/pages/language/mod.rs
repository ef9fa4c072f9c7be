//! The languages of the pages: one struct of texts, one file that fills it for each, and
//! the choice among them.

mod choice;
mod english;
mod german;
pub mod texts;

pub use choice::Language;
