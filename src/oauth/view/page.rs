//! A page and what stands around it. Closed: a new page makes the compiler ask for its
//! template.

use crate::oauth::view::account::{Authorized, Confirm, Grant, Home, Sessions};
use crate::oauth::view::application::{Application, ApplicationForm, Applications, Waiting};
use crate::oauth::view::authorize::{Consent, Failure, FormPost, SignIn};

/// One page.
#[derive(Clone, Debug)]
pub struct Page {
    /// What stands around it.
    pub frame: Frame,
    /// What it is about.
    pub view: View,
    /// Whether it is shown in place of doing what an old form asked.
    pub freshness: Freshness,
}

/// Whether a form's proof is of the present session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Freshness {
    /// It is: what it asks is done.
    #[default]
    Fresh,
    /// It is of an older session: its page is shown again, with what was typed.
    Stale,
}

/// What a page is about. Closed, so that a page without a template does not compile.
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
    /// The way to everything else.
    Home(Home),
    /// The applications of one developer.
    Applications(Applications),
    /// One of them.
    Application(Application),
    /// The form by which one is registered or changed.
    ApplicationForm(ApplicationForm),
    /// Applications that wait for approval.
    Waiting(Waiting),
    /// What a person granted.
    Authorized(Authorized),
    /// What he granted to one application.
    Grant(Grant),
    /// Where he is signed in.
    Sessions(Sessions),
    /// A question before something that cannot be undone.
    Confirm(Confirm),
}

/// What stands around a page.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frame {
    /// Who is signed in.
    pub user: Option<String>,
    /// Proof that a form came from here: made for this browser, or for its session.
    pub form_token: String,
    /// Where everything is.
    pub paths: Paths,
}

/// The paths of the pages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Paths {
    /// The home page.
    pub account: String,
    /// The sign-in form.
    pub sign_in: String,
    /// Signing out.
    pub sign_out: String,
    /// The consent form.
    pub consent: String,
    /// Applications of developers.
    pub applications: String,
    /// Applications with access.
    pub authorized: String,
    /// Sessions.
    pub sessions: String,
    /// Style sheets and scripts.
    pub assets: String,
}

impl View {
    /// Where the browser may be sent from here by a form, besides our own pages: what the
    /// page's policy has to allow.
    pub fn goes_to(&self) -> Option<&str> {
        match self {
            View::SignIn(sign_in) => sign_in.goes_to.as_deref(),
            View::Consent(consent) => Some(&consent.goes_to),
            View::FormPost(form) => Some(&form.action),
            View::Failure(_)
            | View::Home(_)
            | View::Applications(_)
            | View::Application(_)
            | View::ApplicationForm(_)
            | View::Waiting(_)
            | View::Authorized(_)
            | View::Grant(_)
            | View::Sessions(_)
            | View::Confirm(_) => None,
        }
    }
}
