//! Headers besides `Authorization` in which a dialect's clients present tokens. A header
//! that means something else to servers cannot be one: it would have to be kept and
//! taken away at once.

use http::HeaderName;

use crate::config::compile::compiler::Compiler;
use crate::config::compile::route::Way;
use crate::config::document::dialect::TokenHeaderDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::token_header::TokenHeader;

/// Most headers of one dialect that may hold a token.
const MAX_HEADERS: usize = 8;

/// Longest name, in bytes: what the screen in front of backends compares.
const MAX_NAME: usize = 64;

/// Headers that mean something else.
const OTHERWISE: [&str; 10] = [
    "accept",
    "authorization",
    "content-type",
    "cookie",
    "origin",
    "range",
    "referer",
    "sec-websocket-protocol",
    "user-agent",
    "x-request-id",
];

impl Compiler<'_> {
    /// The headers of `api.headers`.
    pub fn token_headers(&mut self, written: &At<Vec<At<TokenHeaderDocument>>>) -> Vec<TokenHeader> {
        let mut out: Vec<TokenHeader> = Vec::new();
        for at in &written.value {
            let document = &at.value;
            let Some(name) = self.credential_header(&document.name) else { continue };
            if out.iter().any(|known| known.name == name) {
                let message = format!("the header `{}` is there twice", document.name);
                self.wrong(Code::Twice, document.name.place, message, "again here");
            }
            let scheme = document.scheme.as_ref();
            if let Some(scheme) = scheme.filter(|scheme| !is_scheme(&scheme.value)) {
                let message = format!("`{scheme}` cannot be a scheme");
                self.wrong(Code::WrongValue, scheme.place, message, "expected a word such as Bearer");
            }
            out.push(TokenHeader {
                name,
                scheme: scheme.map(|scheme| scheme.value.as_str().into()),
                usage: document.usage.as_ref().map_or_else(Default::default, |word| word.value),
            });
        }
        if out.len() > MAX_HEADERS {
            let message = format!("more than {MAX_HEADERS} headers that may hold a token");
            self.wrong(Code::WrongValue, written.place, message, "every request is searched for all of them");
        }
        out
    }

    fn credential_header(&mut self, written: &At<String>) -> Option<HeaderName> {
        let name = self.header_name(written)?;
        if name.as_str().len() > MAX_NAME {
            let message = format!("a header that holds a token has a name of at most {MAX_NAME} bytes");
            self.wrong(Code::WrongValue, written.place, message, "this name");
            return None;
        }
        if OTHERWISE.contains(&name.as_str()) {
            let message = format!("tokens cannot stand in `{written}`");
            let label =
                if name == http::header::AUTHORIZATION { "it is looked at anyway" } else { "means something else" };
            self.wrong(Code::WrongValue, written.place, message, label);
            return None;
        }
        Some(name)
    }
}

/// An authentication scheme (RFC 9110 §11.1): a token.
fn is_scheme(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// The names of all headers in which some route takes a token.
pub(super) fn of_routes(ways: &[Way]) -> Vec<HeaderName> {
    let mut out: Vec<HeaderName> = Vec::new();
    for header in ways.iter().flat_map(|way| &way.route.presentation.headers) {
        if !out.contains(&header.name) {
            out.push(header.name.clone());
        }
    }
    out
}
