//! Pages of everyone who is signed in: home, what was granted, where he is signed in, and
//! what was just done about it.

use crate::clock::UnixTime;
use crate::oauth::view::authorize::Choice;

/// The home page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Home {
    /// He may register applications.
    pub develops: bool,
    /// How many wait for his approval; `None`: he approves none.
    pub waiting: Option<usize>,
}

/// What a person granted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Authorized {
    /// The last granted first.
    pub grants: Vec<GrantLine>,
    /// What was just done.
    pub done: Option<Done>,
}

/// What he granted to one application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GrantLine {
    /// Its client id.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// What it may do, in the catalogue's words.
    pub scopes: Vec<String>,
    /// When he agreed.
    pub granted: UnixTime,
    /// When it last got a token.
    pub used: Option<UnixTime>,
}

/// The form by which a grant is narrowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    /// The application's client id.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// What it may do now; what is unticked it may not do any more.
    pub scopes: Vec<Choice>,
    /// When he agreed.
    pub granted: UnixTime,
    /// When it last got a token.
    pub used: Option<UnixTime>,
}

/// Where a person is signed in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sessions {
    /// The last used first.
    pub sessions: Vec<SessionLine>,
    /// What was just done.
    pub done: Option<Done>,
}

/// One session.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionLine {
    /// Its public number.
    pub id: String,
    /// The browser's own description.
    pub agent: String,
    /// Where he signed in from.
    pub address: String,
    /// When it began.
    pub began: UnixTime,
    /// When it was last used.
    pub seen: UnixTime,
    /// It is the one that asks.
    pub this: bool,
}

/// A question before something that cannot be undone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Confirm {
    /// Sign out.
    SignOut {
        /// What the request to sign out is called, where an application asked.
        pending: Option<String>,
    },
    /// Delete an application.
    Delete {
        /// Its client id.
        id: String,
        /// What people know it by.
        name: String,
    },
}

/// What was just done, told once on the page that follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// A change was kept.
    Saved,
    /// An application was deleted.
    Deleted,
    /// An application was approved.
    Approved,
    /// An application was turned down.
    TurnedDown,
    /// A grant was taken back.
    TakenBack,
    /// Sessions were ended.
    Ended,
}

impl Done {
    /// All of them.
    const ALL: [Done; 6] = [Done::Saved, Done::Deleted, Done::Approved, Done::TurnedDown, Done::TakenBack, Done::Ended];

    /// The word in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Done::Saved => "saved",
            Done::Deleted => "deleted",
            Done::Approved => "approved",
            Done::TurnedDown => "turned_down",
            Done::TakenBack => "taken_back",
            Done::Ended => "ended",
        }
    }

    /// The thing of that word.
    pub fn parse(word: &str) -> Option<Done> {
        Done::ALL.into_iter().find(|done| done.as_str() == word)
    }
}
