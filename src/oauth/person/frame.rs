//! What stands around every page: who is signed in, the proof for its forms, and where
//! the other pages are.

use crate::dialect::endpoint::Endpoint;
use crate::oauth::endpoints::path_of;
use crate::oauth::issuer::Issuer;
use crate::oauth::view::{Frame, Paths, View};
use crate::oauth::visitor::Visitor;

/// The frame of a page for this visitor.
pub(in crate::oauth) fn frame(issuer: &Issuer, visitor: &Visitor, view: &View) -> Frame {
    let paths = paths(issuer);
    // Whoever is to sign in is nobody yet, even if the browser has a session.
    match (&visitor.person, view) {
        (Some(person), view) if !matches!(view, View::SignIn(_)) => {
            Frame { user: Some(person.user.as_str().to_owned()), form_token: person.form_token.clone(), paths }
        }
        _ => Frame { user: None, form_token: visitor.form_token.clone(), paths },
    }
}

/// The frame of a page for nobody in particular.
pub(in crate::oauth) fn bare(issuer: &Issuer) -> Frame {
    Frame { user: None, form_token: String::new(), paths: paths(issuer) }
}

fn paths(issuer: &Issuer) -> Paths {
    let path = |endpoint| path_of(issuer, endpoint).unwrap_or_default();
    Paths {
        account: path(Endpoint::Account),
        sign_in: path(Endpoint::SignIn),
        sign_out: path(Endpoint::SignOut),
        consent: path(Endpoint::Consent),
        applications: path(Endpoint::Applications),
        authorized: path(Endpoint::Authorized),
        sessions: path(Endpoint::Sessions),
        assets: path(Endpoint::Assets),
    }
}
