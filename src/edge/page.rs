//! From a page as a value to the bytes of a reply. The only place that knows both the
//! issuer's answers and how pages look.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::dialect::wire::Reply;
use crate::oauth::view::{Failed, View};

/// Writes the page into the reply that it belongs to.
pub fn written(mut reply: Reply, view: &View) -> Reply {
    reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    let line = match view {
        View::Failure(failure) => match failure.detail {
            Some(detail) => format!("{}: {detail}\n", sentence(failure.what)),
            None => format!("{}\n", sentence(failure.what)),
        },
        View::FormPost(form) => form.fields.iter().map(|(name, value)| format!("{name}={value}\n")).collect(),
        View::SignIn(_) | View::Consent(_) => String::new(),
    };
    reply.body = Bytes::from(line);
    reply
}

fn sentence(what: Failed) -> &'static str {
    match what {
        Failed::UnknownClient => "The application that sent you is not known here",
        Failed::BadRedirect => "The application wants to send you to an address that it has not registered",
        Failed::Malformed => "The application's request makes no sense",
        Failed::Gone => "This request has ended; go back to the application and begin anew",
        Failed::Forged => "This form is old, or not ours",
        Failed::Forbidden => "You may not do this",
        Failed::NotFound => "There is no such page",
        Failed::TooMany => "Too many requests; wait a while",
        Failed::Unavailable => "We cannot answer now; try again",
        Failed::Internal => "We failed; the fault is not yours",
    }
}
