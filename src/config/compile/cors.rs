//! Origins that may call a route. `*` stands alone and never beside credentials; a
//! pattern has one star, for one label.

use http::{HeaderName, Method};

use crate::access::rule::AccessLine;
use crate::config::compile::compiler::Compiler;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::traffic::CorsDocument;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::traffic::cors::{Cors, Credentials, OriginPattern, Origins};

/// Methods of a line that takes every one.
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// Seconds that browsers remember a preflight, unless it is said.
const MAX_AGE: u64 = 600;

impl Compiler<'_> {
    /// Whom a route is open to.
    pub fn cors(&mut self, document: &CorsDocument, access: &[AccessLine]) -> Cors {
        let origins = self.cors_origins(&document.origins);
        let allowed = document.credentials.as_ref().filter(|flag| flag.value);
        if let (Some(flag), Origins::Any) = (allowed, &origins) {
            let message = "every origin, with credentials, would hand each user to every page";
            self.wrong_with_help(Code::Combination, flag.place, message, "not with `*`", "list the origins");
        }
        let methods = match &document.methods {
            Some(list) => list.value.iter().filter_map(|name| self.method(name)).collect(),
            None => of_lines(access),
        };
        let usual = || vec![http::header::AUTHORIZATION, http::header::CONTENT_TYPE];
        Cors {
            origins,
            methods,
            headers: document.headers.as_ref().map_or_else(usual, |list| self.script_headers(list)),
            expose: document.expose.as_ref().map_or_else(Vec::new, |list| self.script_headers(list)),
            credentials: if allowed.is_some() { Credentials::Allowed } else { Credentials::Never },
            max_age: document.max_age.as_ref().map_or(MAX_AGE, |span| span.value.seconds().0),
        }
    }

    fn cors_origins(&mut self, written: &At<OneOrMany>) -> Origins {
        let list: Vec<&At<String>> = written.value.iter().collect();
        if let [only] = list.as_slice()
            && only.value == "*"
        {
            return Origins::Any;
        }
        if list.is_empty() && !self.damaged(written.place) {
            self.wrong(Code::WrongValue, written.place, "an empty list is open to no origin", "expected at least one");
        }
        let mut out = Vec::new();
        for origin in list {
            match OriginPattern::parse(&origin.value) {
                Ok(pattern) => out.push(pattern),
                Err(why) => {
                    let why = if origin.value == "*" { "`*` stands alone" } else { why };
                    let message = format!("`{origin}` is not an origin: {why}");
                    let label = "expected such as https://app.example.com or https://*.example.com";
                    self.wrong(Code::WrongValue, origin.place, message, label);
                }
            }
        }
        Origins::Listed(out)
    }

    fn script_headers(&mut self, written: &At<OneOrMany>) -> Vec<HeaderName> {
        written.value.iter().filter_map(|name| self.plain_name(name).filter(|_| self.is_no_star(name))).collect()
    }

    /// `*` is a token, and so a header's name; browsers take it for every one.
    fn is_no_star(&mut self, name: &At<String>) -> bool {
        if name.value == "*" {
            self.wrong(Code::WrongValue, name.place, "`*` is not the name of a header", "list the names");
        }
        name.value != "*"
    }
}

/// The methods that some line takes.
fn of_lines(access: &[AccessLine]) -> Vec<Method> {
    if access.iter().any(|line| line.methods.is_empty()) {
        return METHODS.to_vec();
    }
    access.iter().flat_map(|line| line.methods.iter().cloned()).filter(|method| *method != Method::OPTIONS).collect()
}
