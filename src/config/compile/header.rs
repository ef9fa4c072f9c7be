//! Names of headers that the file may set, add or remove, on requests to a backend and on
//! answers to a caller. Those that frame the message, that belong to one connection, or
//! that the gateway itself writes are not the file's to touch.

use http::HeaderName;

use crate::config::compile::compiler::Compiler;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;

/// Headers that frame a request or belong to one connection (RFC 9110 §7.6.1), and
/// those that the gateway writes.
const OURS: [&str; 20] = [
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-real-ip",
];

/// Lines of a caller that have a key of their own, or can stand only once.
const APART: [(&str, &str); 4] = [
    ("authorization", "`authorization` and `set` say what becomes of it"),
    ("content-type", "it says what the body is"),
    ("cookie", "it is one list of the caller's"),
    ("x-request-id", "`request_id` says whether there is one"),
];

/// The same of an answer.
const OURS_IN_ANSWERS: [&str; 17] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-connection",
    "retry-after",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "www-authenticate",
    "x-request-id",
];

/// What becomes of a header line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Set,
    Add,
    Remove,
}

impl Compiler<'_> {
    /// A header that may be set on requests.
    pub fn header_name(&mut self, written: &At<String>) -> Option<HeaderName> {
        let name = self.plain_name(written)?;
        if OURS.contains(&name.as_str()) {
            let message = format!("the header `{written}` is written by the gateway");
            let mut problem = Problem::new(Code::WrongValue, message).at(self.places(), written.place, "cannot be set");
            if name == http::header::HOST {
                problem = problem.help("`host` of an upstream is what its servers are asked for");
            }
            self.report(problem);
            return None;
        }
        if name.as_str().contains('_') {
            let help = format!("write {}", written.value.replace('_', "-"));
            let message = format!("backends cannot tell `{written}` from the same name with `-`");
            self.wrong_with_help(Code::WrongValue, written.place, message, "has a `_`", help);
            return None;
        }
        Some(name)
    }

    /// A header of the caller's that may be removed, or added to.
    pub fn request_header(&mut self, written: &At<String>) -> Option<HeaderName> {
        let name = self.header_name(written)?;
        let Some((_, why)) = APART.iter().find(|(apart, _)| *apart == name.as_str()) else { return Some(name) };
        let message = format!("the header `{written}` is neither added to nor removed");
        self.wrong(Code::WrongValue, written.place, message, *why);
        None
    }

    /// A header of answers that may be changed so.
    pub fn answer_header(&mut self, written: &At<String>, change: Change) -> Option<HeaderName> {
        let name = self.plain_name(written)?;
        let text = name.as_str();
        let why = if OURS_IN_ANSWERS.contains(&text) {
            "the gateway guarantees it"
        } else if text.starts_with("access-control-") {
            "`cors` writes it"
        } else if text.starts_with("ratelimit") || text.starts_with("x-ratelimit-") {
            "`limits` write it"
        } else if text == "vary" && change != Change::Add {
            "caches need all of it; it can only be added to"
        } else {
            return Some(name);
        };
        self.wrong(Code::WrongValue, written.place, format!("the header `{written}` is not the file's to change"), why);
        None
    }

    /// Any name of a header.
    pub fn plain_name(&mut self, written: &At<String>) -> Option<HeaderName> {
        let name = HeaderName::from_bytes(written.value.as_bytes()).ok();
        if name.is_none() {
            let message = format!("`{written}` is not the name of a header");
            self.wrong(Code::WrongValue, written.place, message, "expected letters, digits and `-`");
        }
        name
    }
}
