//! Pages of developers: their applications, the form, and those that wait for approval.
//! What was typed is kept as typed, to be shown again.

use crate::clock::UnixTime;
use crate::oauth::view::account::Done;
use crate::oauth::view::authorize::Choice;
use crate::token::secret::Secret;

/// The applications of one developer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applications {
    /// His own.
    pub own: Vec<Line>,
    /// He has as many as he may.
    pub full: bool,
    /// What was just done.
    pub done: Option<Done>,
}

/// One application in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Its client id.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// Whether it works.
    pub state: State,
}

/// Whether an application works.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It does.
    Live,
    /// It waits for approval.
    Waiting,
    /// The operator stopped it.
    Disabled,
}

/// Whether an application can keep a secret (RFC 6749 §2.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// It runs on a server.
    #[default]
    Confidential,
    /// It runs with its users.
    Public,
}

/// One application, for its developer.
#[derive(Clone, Debug)]
pub struct Application {
    /// Its client id.
    pub id: String,
    /// What people know it by.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where people are sent back to.
    pub redirect_uris: Vec<String>,
    /// What it may ask, in the catalogue's words.
    pub scopes: Vec<String>,
    /// Whether it has secrets.
    pub kind: Kind,
    /// Whether it works.
    pub state: State,
    /// Its live secrets.
    pub secrets: Vec<SecretLine>,
    /// A secret that was just made, shown this once.
    pub fresh: Option<Secret>,
    /// What was just done.
    pub done: Option<Done>,
}

/// What is known of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecretLine {
    /// Which of the two.
    pub slot: u8,
    /// When it was made.
    pub made: Option<UnixTime>,
    /// When it was last used.
    pub used: Option<UnixTime>,
}

/// The form by which an application is registered or changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApplicationForm {
    /// The application that is changed; `None`: a new one.
    pub id: Option<String>,
    /// As typed.
    pub name: String,
    /// As typed.
    pub description: String,
    /// As typed, one a line.
    pub redirect_uris: String,
    /// What it may ask.
    pub scopes: Vec<Choice>,
    /// Whether it has secrets; cannot be changed later.
    pub kind: Kind,
    /// What has to be mended.
    pub faults: Vec<Fault>,
}

/// What is wrong with a form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No name, or one that is too long or has control characters.
    Name,
    /// A description that is too long or has control characters.
    Description,
    /// No address to send people back to.
    RedirectMissing,
    /// More of them than may be.
    RedirectMany,
    /// One that cannot be: the line as typed, and why, in a few words for engineers.
    Redirect(String, &'static str),
    /// No scope.
    Scope,
    /// The developer has as many applications as he may.
    Full,
}

/// Applications that wait for approval.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// The oldest first.
    pub applications: Vec<WaitingLine>,
    /// What was just done.
    pub done: Option<Done>,
}

/// One application that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WaitingLine {
    /// Its client id.
    pub id: String,
    /// What people would know it by.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Who registered it; `None`: it did so itself.
    pub owner: Option<String>,
    /// Where people would be sent back to.
    pub redirect_uris: Vec<String>,
    /// What it might ask, in the catalogue's words.
    pub scopes: Vec<String>,
    /// Whether it has a secret.
    pub kind: Kind,
}
