//! Names of headers that the file may set on requests to a backend. Those that frame
//! the message or that the gateway itself writes are not the file's to set.

use http::HeaderName;

use crate::config::compile::compiler::Compiler;
use crate::config::problem::code::Code;
use crate::config::source::at::At;

/// Headers that frame a message or belong to one connection (RFC 9110 §7.6.1), and
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

impl Compiler<'_> {
    /// A header that may be set.
    pub fn header_name(&mut self, written: &At<String>) -> Option<HeaderName> {
        let Ok(name) = HeaderName::from_bytes(written.value.as_bytes()) else {
            let message = format!("`{written}` is not the name of a header");
            self.wrong(Code::WrongValue, written.place, message, "expected letters, digits and `-`");
            return None;
        };
        if OURS.contains(&name.as_str()) {
            let message = format!("the header `{written}` is written by the gateway");
            self.wrong(Code::WrongValue, written.place, message, "cannot be set");
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
}
