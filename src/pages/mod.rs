//! The pages of people as HTML: a page as data goes in, bytes come out, in one of our
//! languages and the operator's colour. Everything that came from somebody else is
//! escaped by the templates. Must never: know a store, a clock or a socket, or put a
//! style or a script into a page (the policy of the pages forbids both).

pub mod assets;
pub mod language;

mod agent;
mod layout;
mod palette;
mod shell;
mod way;

use crate::oauth::person::branding::Branding;
use crate::oauth::view::Page;
use crate::pages::language::Language;
use crate::pages::shell::Shell;

/// The type of every page.
pub const MEDIA: &str = "text/html; charset=utf-8";

/// Writes a page.
///
/// # Errors
/// A template that failed, in words for the operator's log.
pub fn render(page: &Page, branding: &Branding, language: Language) -> Result<String, String> {
    let shell = Shell::new(page, branding, language);
    layout::render(shell, &page.view).map_err(|error| format!("a page could not be written: {error}"))
}

#[cfg(test)]
mod tests;
