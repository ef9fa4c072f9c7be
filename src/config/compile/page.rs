//! What the pages say and look like, and how long people stay signed in, compiled. Texts
//! are bounded, since they stand on every page; links lead to the web and nowhere else.

use crate::clock::Seconds;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::url::{Scheme, Url};
use crate::config::document::page::{BrandingDocument, SessionDocument};
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::oauth::person::branding::{Branding, Colour};
use crate::oauth::session::SessionSettings;

/// Longest name, in characters.
const MAX_NAME: usize = 60;

/// Longest notice, in characters.
const MAX_NOTICE: usize = 400;

/// The longest that anybody stays signed in.
const LIFETIME_MOST: Seconds = Seconds(30 * 24 * 3600);

impl Compiler<'_> {
    /// How long people stay signed in.
    pub(super) fn session_settings(&mut self, written: Option<&At<SessionDocument>>) -> SessionSettings {
        let (none, default) = (SessionDocument::default(), SessionSettings::default());
        let document = written.map_or(&none, |at| &at.value);
        let lifetime = document.lifetime.as_ref().map_or(default.lifetime, |span| span.value.seconds());
        if let Some(span) = &document.lifetime
            && !(60..=LIFETIME_MOST.0).contains(&lifetime.0)
        {
            self.wrong(Code::WrongValue, span.place, "a session lives for a while", "expected 1m to 30d");
        }
        let idle = document.idle.as_ref().map_or(default.idle.min(lifetime), |span| span.value.seconds());
        if let Some(span) = &document.idle
            && !(60..=lifetime.0).contains(&idle.0)
        {
            let message = "a session cannot be idle for longer than it lives";
            self.wrong(Code::WrongValue, span.place, message, "expected 1m to the session's lifetime");
        }
        SessionSettings { idle, lifetime }
    }

    /// What the pages say and look like; `url` is the issuer's.
    pub(super) fn branding(&mut self, written: Option<&At<BrandingDocument>>, url: &str) -> Branding {
        let none = BrandingDocument::default();
        let document = written.map_or(&none, |at| &at.value);
        let host = || Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.host);
        let colour = document.colour.as_ref().and_then(|text| {
            let colour = Colour::parse(&text.value);
            if colour.is_none() {
                let help = "in YAML put it in quotes: a bare # begins a comment";
                let message = format!("`{text}` is not a colour");
                self.wrong_with_help(Code::WrongValue, text.place, message, "expected such as \"#1f5fbf\"", help);
            }
            colour
        });
        Branding {
            name: self.words(document.name.as_ref(), MAX_NAME).unwrap_or_else(host),
            colour: colour.unwrap_or(Colour::DEFAULT),
            notice: self.words(document.notice.as_ref(), MAX_NOTICE),
            terms: self.link(document.terms.as_ref()),
            privacy: self.link(document.privacy.as_ref()),
            support: self.link(document.support.as_ref()),
        }
    }

    fn words(&mut self, written: Option<&At<String>>, most: usize) -> Option<String> {
        let text = written?;
        let length = text.value.trim().chars().count();
        if length == 0 || length > most || text.value.contains(char::is_control) {
            let label = format!("expected 1 to {most} characters on one line");
            self.wrong(Code::WrongValue, text.place, "a text for people that cannot be shown", label);
            return None;
        }
        Some(text.value.trim().to_owned())
    }

    fn link(&mut self, written: Option<&At<String>>) -> Option<String> {
        let text = written?;
        let mail = text.value.strip_prefix("mailto:").is_some_and(|address| address.contains('@'));
        let place = text.value.split(['?', '#']).next().unwrap_or("");
        let web = matches!(Url::parse(place), Ok(url) if url.scheme == Scheme::Https);
        if !(mail || web) || text.value.contains(|c: char| c.is_whitespace() || c.is_control()) {
            self.no_link(text.place, &text.value);
            return None;
        }
        Some(text.value.clone())
    }

    fn no_link(&mut self, place: Place, text: &str) {
        let message = format!("`{text}` is no link for people");
        self.wrong(Code::WrongValue, place, message, "expected https://… or mailto:…");
    }
}
