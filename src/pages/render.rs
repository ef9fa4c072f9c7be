//! A page as data becomes the text that is sent. A template can only fail where a value
//! cannot be written at all, which nobody has seen yet; then the operator hears of it.

use crate::oauth::person::branding::Branding;
use crate::oauth::view::Page;
use crate::pages::language::Language;
use crate::pages::layout;
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
