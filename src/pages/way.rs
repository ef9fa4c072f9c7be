//! What a person reads when something did not work, and the one way out of it. One total
//! match each, so that no failure is left without words.

use crate::oauth::view::{Failed, Failure};
use crate::pages::shell::Shell;

/// Title and text.
pub(super) fn words(shell: &Shell<'_>, failure: &Failure) -> (&'static str, String) {
    let t = shell.t;
    let (title, text) = match failure.what {
        Failed::UnknownClient => (t.trouble_client, t.trouble_client_text),
        Failed::BadRedirect => (t.trouble_redirect, t.trouble_redirect_text),
        Failed::Malformed => (t.trouble_request, t.trouble_request_text),
        Failed::Gone => (t.trouble_over, t.trouble_over_text),
        Failed::SessionOver => (t.trouble_session, t.trouble_session_text),
        Failed::Forged => (t.trouble_form, t.trouble_form_text),
        Failed::Forbidden => (t.trouble_forbidden, t.trouble_forbidden_text),
        Failed::NotFound => (t.trouble_nothing, t.trouble_nothing_text),
        Failed::TooMany(wait) => return (t.trouble_many, shell.fill(t.trouble_many_text, wait)),
        Failed::Unavailable => (t.trouble_unavailable, t.trouble_unavailable_text),
        Failed::Internal => (t.trouble_internal, t.trouble_internal_text),
        Failed::SignedOut => (t.signed_out, t.signed_out_text),
    };
    (title, text.to_owned())
}

/// Where to go from here, and what the link says.
pub(super) fn out(shell: &Shell<'_>, failure: &Failure) -> Option<(String, &'static str)> {
    let paths = &shell.frame.paths;
    let home = || (paths.account.clone(), shell.t.account);
    let signed_in = shell.frame.user.is_some();
    match failure.what {
        // The application has to begin, not the person.
        Failed::UnknownClient | Failed::BadRedirect | Failed::Malformed | Failed::Gone => signed_in.then(home),
        Failed::Forged => Some((paths.account.clone(), shell.t.begin_again)),
        Failed::SignedOut | Failed::SessionOver => Some((paths.sign_in.clone(), shell.t.sign_in)),
        Failed::Forbidden | Failed::NotFound | Failed::TooMany(_) | Failed::Unavailable | Failed::Internal => {
            Some(home())
        }
    }
}
