//! What every template can reach: the texts of one language, what the operator says, who
//! is signed in, and the few ways in which values are written for people.

use std::fmt::Display;

use crate::clock::UnixTime;
use crate::oauth::person::branding::Branding;
use crate::oauth::view::{Done, Frame, Freshness, Kind, Page, State};
use crate::pages::agent;
use crate::pages::assets;
use crate::pages::language::Language;
use crate::pages::language::texts::Texts;

/// The surroundings of a page.
pub(super) struct Shell<'a> {
    pub t: &'static Texts,
    pub language: Language,
    pub branding: &'a Branding,
    pub frame: &'a Frame,
    pub freshness: Freshness,
    /// Where the style sheet is.
    pub style: String,
}

impl<'a> Shell<'a> {
    pub fn new(page: &'a Page, branding: &'a Branding, language: Language) -> Shell<'a> {
        let (frame, freshness) = (&page.frame, page.freshness);
        let style = assets::style_path(&frame.paths.assets, branding);
        Shell { t: language.texts(), language, branding, frame, freshness, style }
    }

    /// A text with its first `{}` replaced.
    pub fn fill(&self, text: impl AsRef<str>, value: impl Display) -> String {
        text.as_ref().replacen("{}", &value.to_string(), 1)
    }

    /// A text with the number that people count a slot by.
    pub fn number(&self, text: impl AsRef<str>, slot: &u8) -> String {
        self.fill(text, u32::from(*slot) + 1)
    }

    /// A moment, to the minute, in UTC: the same in every language, and never broken
    /// over two lines.
    pub fn when(&self, time: &UnixTime) -> String {
        let whole = time.to_string();
        match (whole.get(..10), whole.get(11..16)) {
            (Some(day), Some(minute)) => {
                // No-break spaces, and word joiners that no line is broken at.
                format!("{}\u{a0}{minute}\u{a0}UTC", day.replace('-', "\u{2060}-\u{2060}"))
            }
            _ => whole,
        }
    }

    /// The same for something that may not have happened yet.
    pub fn when_used(&self, time: &Option<UnixTime>) -> String {
        time.as_ref().map_or_else(|| self.t.never.to_owned(), |time| self.when(time))
    }

    /// What was just done, in a sentence.
    pub fn done(&self, done: &Option<Done>) -> Option<&'static str> {
        done.map(|done| match done {
            Done::Saved => self.t.done_saved,
            Done::Deleted => self.t.done_deleted,
            Done::Approved => self.t.done_approved,
            Done::TurnedDown => self.t.done_turned_down,
            Done::TakenBack => self.t.done_taken_back,
            Done::Ended => self.t.done_ended,
        })
    }

    /// Whether an application works, in a word.
    pub fn state(&self, state: &State) -> &'static str {
        match state {
            State::Live => self.t.state_live,
            State::Waiting => self.t.state_waiting,
            State::Disabled => self.t.state_disabled,
        }
    }

    /// The class of that word's badge.
    pub fn look(&self, state: &State) -> &'static str {
        match state {
            State::Live => "good",
            State::Waiting => "wait",
            State::Disabled => "",
        }
    }

    /// Where an application runs.
    pub fn kind(&self, kind: &Kind) -> &'static str {
        match kind {
            Kind::Confidential => self.t.confidential,
            Kind::Public => self.t.public,
        }
    }

    /// What a browser is called.
    pub fn browser(&self, agent: &str) -> String {
        agent::describe(agent).unwrap_or_else(|| self.t.unknown_browser.to_owned())
    }

    /// Whether there is anything at the foot of a page.
    pub fn has_links(&self) -> bool {
        let branding = self.branding;
        branding.terms.is_some() || branding.privacy.is_some() || branding.support.is_some()
    }
}
