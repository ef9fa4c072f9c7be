//! Pages on the way of an application's request: sign in, agree, go back, or learn that
//! it cannot go on.

/// The sign-in form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SignIn {
    /// The request that goes on afterwards.
    pub pending: Option<String>,
    /// The page that follows where no request waits: a word of ours.
    pub next: Option<&'static str>,
    /// The application that sent the person, if one did.
    pub client: Option<String>,
    /// What stands in the field of the name.
    pub name: String,
    /// Why it is shown again.
    pub refused: Option<SignInRefused>,
    /// Where the browser may go from here in the end, besides our own pages.
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
    /// The form was old.
    Stale,
}

/// The consent form.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// The request that waits for it.
    pub pending: String,
    /// The application.
    pub client: ClientShown,
    /// What is asked for.
    pub scopes: Vec<Choice>,
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
    /// Somebody else than the operator registered it.
    pub foreign: bool,
}

/// A scope that can be ticked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// Its name.
    pub scope: String,
    /// The catalogue's words.
    pub text: String,
    /// Whether it is ticked to begin with.
    pub ticked: bool,
    /// It goes with the rest (`openid` says only that he signs in).
    pub fixed: bool,
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
    /// The form came from somebody who is not signed in any more; nothing was done.
    SessionOver,
    /// The person may not do this.
    Forbidden,
    /// There is no such page.
    NotFound,
    /// Too many requests; again after so many seconds.
    TooMany(u64),
    /// The server cannot answer now.
    Unavailable,
    /// A fault of ours.
    Internal,
    /// Nothing failed: the person is signed out, and there is nothing to go on with.
    SignedOut,
}
