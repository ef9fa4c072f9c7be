//! Pages as values: what is on them, not how they look. `pages` turns one into HTML in
//! the person's language; this floor knows neither. Whatever came from somebody else
//! (names, texts of the catalogue, scopes) is plain text here and escaped there.

use crate::token::scope::Scope;

/// A page.
#[derive(Clone, Debug)]
pub enum View {
    /// Who are you?
    SignIn(SignIn),
    /// May this application act for you?
    Consent(Consent),
    /// A form that carries an answer to an application.
    FormPost(FormPost),
    /// It cannot go on, and only the person can be told.
    Failure(Failure),
}

/// The sign-in form.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// Where it is posted.
    pub action: String,
    /// The request that waits for it, if one does.
    pub pending: Option<String>,
    /// Proof that the form came from here.
    pub csrf: String,
    /// The application that sent the person, if one did.
    pub client: Option<String>,
    /// What stands in the field of the name.
    pub name: String,
    /// Why it is shown again.
    pub refused: Option<SignInRefused>,
    /// Where the browser goes from here in the end, besides our own pages.
    pub goes_to: Option<String>,
}

/// Why a sign-in form is shown again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SignInRefused {
    /// Name or password is wrong; which, is not said.
    Wrong,
    /// Too many tries; again after so many seconds.
    TooMany(u64),
    /// The password could not be checked now.
    Busy,
    /// The form was old, or not ours.
    Stale,
}

/// The consent form.
#[derive(Clone, Debug)]
pub struct Consent {
    /// Where it is posted.
    pub action: String,
    /// The request that waits for it.
    pub pending: String,
    /// Proof that the form came from here.
    pub csrf: String,
    /// The application.
    pub client: ClientShown,
    /// Who is asked.
    pub person: String,
    /// What is asked for.
    pub scopes: Vec<ScopeAsked>,
    /// The host or scheme the person is sent back to.
    pub goes_to: String,
}

/// An application as people see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientShown {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// One scope on the consent page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScopeAsked {
    /// Its name.
    pub scope: Scope,
    /// The catalogue's words.
    pub text: String,
    /// Whether it can be ticked off.
    pub choice: Choice,
}

/// Whether a person can refuse a scope by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Choice {
    /// He can; it is ticked to begin with.
    Free,
    /// It goes with the rest (`openid` says only that he signs in).
    Fixed,
}

/// A form that the browser posts to an application (OAuth 2.0 Form Post Response Mode).
#[derive(Clone, Debug)]
pub struct FormPost {
    /// Where to.
    pub action: String,
    /// What.
    pub fields: Vec<(&'static str, String)>,
}

/// Why it cannot go on.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What happened.
    pub what: Failed,
    /// What about the request, for the developer of the application.
    pub detail: Option<&'static str>,
}

/// What happened, for a person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failed {
    /// The application is not known here, or may not be used (yet).
    UnknownClient,
    /// The application wants to send the person somewhere it has not registered.
    BadRedirect,
    /// The request makes no sense.
    Malformed,
    /// The request has ended, was answered already, or began in another browser.
    Gone,
    /// The form was old, or not ours.
    Forged,
    /// The person may not do this.
    Forbidden,
    /// There is no such page.
    NotFound,
    /// Too many requests.
    TooMany,
    /// The server cannot answer now.
    Unavailable,
    /// A fault of ours.
    Internal,
}
