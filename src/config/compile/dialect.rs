//! A dialect document becomes a dialect: the standard with what the document says in
//! place of it. Every template is checked here against what may be named where it
//! stands, so nothing can go wrong with one later.

use http::{Method, StatusCode};

use crate::config::compile::compiler::Compiler;
use crate::config::document::dialect::{DialectDocument, ReadingDocument, SeatDocument};
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::problem::code::Code;
use crate::config::source::at::At;
use crate::dialect::Dialect;
use crate::dialect::answer::Answer;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::knobs::{ParameterNames, Reading, Seat, Step};
use crate::dialect::vocabulary;

impl Compiler<'_> {
    /// The dialect of a document.
    pub fn dialect(&mut self, written: Option<&DialectDocument>) -> Dialect {
        let mut out = Dialect::standard();
        let Some(document) = written else { return out };
        if let Some(name) = &document.name {
            self.name(name);
        }
        if let Some(reading) = &document.request {
            out.reading = self.reading(&reading.value, out.reading);
        }
        if let Some(answer) = &document.success {
            out.success = self.answer(&answer.value, out.success, vocabulary::ANSWER);
        }
        if let Some(answer) = &document.revoked {
            out.revoked = self.answer(&answer.value, out.revoked, vocabulary::ABOUT);
        }
        if let Some(answer) = &document.info {
            out.info = self.answer(&answer.value, out.info, vocabulary::ABOUT);
        }
        if let Some(errors) = &document.errors {
            out.refusals = self.refusals(&errors.value);
        }
        if let Some(api) = &document.api {
            if let Some(schemes) = &api.value.schemes {
                out.schemes = schemes.value.iter().map(|scheme| scheme.value.as_str().into()).collect();
            }
            if let Some(headers) = &api.value.headers {
                out.headers = self.token_headers(headers);
            }
            let names = |list: &At<OneOrMany>| list.value.iter().map(|name| name.value.as_str().into()).collect();
            out.query = api.value.query.as_ref().map_or_else(Vec::new, names);
            out.form = api.value.form.as_ref().map_or_else(Vec::new, names);
            out.answer_headers = self.spoken_headers(&api.value.answer_headers, vocabulary::BRIDGE);
            if let Some(bodies) = &api.value.bodies {
                out.bodies = bodies.value.iter().map(|word| word.value).collect();
            }
            if let Some(versions) = &api.value.versions {
                out.versions = versions.value.iter().map(|word| word.value.as_str().into()).collect();
            }
            if let Some(errors) = &api.value.errors {
                out.api = self.refusals(&errors.value);
            }
        }
        if let Some(list) = &document.endpoints {
            out.seats = list.value.iter().map(|seat| self.seat(&seat.value, &out)).collect();
        }
        out
    }

    fn seat(&mut self, written: &SeatDocument, dialect: &Dialect) -> Seat {
        let mut seat = Seat::standard(written.kind.value, "");
        match &written.path {
            Some(path) => {
                if !path.value.starts_with('/') || crate::access::pattern::PathPattern::parse(&path.value).is_err() {
                    self.wrong(
                        Code::WrongValue,
                        path.place,
                        format!("`{path}` is not a path"),
                        "expected such as /token",
                    );
                }
                seat.path = path.value.trim_end_matches(['*']).into();
            }
            None if matches!(written.kind.value, Endpoint::Metadata | Endpoint::OpenidConfiguration) => {}
            None => self.wrong(Code::MissingKey, written.kind.place, "this endpoint has no path", "add `path:`"),
        }
        seat.slash = written.slash.as_ref().map_or(seat.slash, |slash| slash.value);
        if let Some(methods) = &written.methods {
            seat.methods = self.verbs(methods);
        }
        let words = |list: &At<OneOrMany>| list.value.iter().map(|word| word.value.as_str().into()).collect();
        seat.grants = written.grants.as_ref().map_or_else(Vec::new, words);
        seat.unheld = written.unheld.as_ref().map_or_else(Vec::new, words);
        seat.strangers = written.strangers.as_ref().map_or(seat.strangers, |word| word.value);
        if let Some(ways) = &written.named_by {
            seat.named_by = ways.value.iter().map(|way| way.value).collect();
            if seat.endpoint != Endpoint::Revoke || seat.named_by.is_empty() {
                let message = "`named_by` says what may name what a revocation endpoint calls back";
                self.wrong(Code::Combination, ways.place, message, "expected at least one, under `kind: revoke`");
            }
        }
        seat.default_grant = written.default_grant.as_ref().map(|word| word.value.as_str().into());
        seat.bots = written.bots.as_ref().map(|word| word.value.as_str().into());
        seat.required = self.required(&written.required, &dialect.reading);
        if let Some(reading) = &written.request {
            seat.reading = Some(self.reading(&reading.value, dialect.reading.clone()));
        }
        if let Some(answer) = &written.success {
            seat.success = Some(match seat.endpoint {
                Endpoint::Jwks => self.answer(&answer.value, Answer::empty(), vocabulary::KEY),
                _ => self.answer(&answer.value, dialect.success.clone(), vocabulary::ANSWER),
            });
        }
        if let Some(errors) = &written.errors {
            let mut own = self.refusals(&errors.value);
            // What the endpoint's table does not say is as in the dialect's.
            for (fault, row) in &dialect.refusals.rows {
                own.rows.entry(*fault).or_insert_with(|| row.clone());
            }
            if errors.value.body.is_none() {
                own.body = dialect.refusals.body.clone();
                own.habits = dialect.refusals.habits;
            }
            if errors.value.headers.is_empty() {
                own.headers = dialect.refusals.headers.clone();
            }
            if errors.value.media.is_none() && errors.value.forms.is_none() {
                own.pens = dialect.refusals.pens.clone();
            }
            seat.refusals = Some(own);
        }
        seat
    }

    /// Parameters that grants need, by grant.
    fn required(&mut self, written: &Named<At<OneOrMany>>, reading: &Reading) -> Vec<(Box<str>, Vec<Box<str>>)> {
        let mut out = Vec::new();
        for (grant, names) in written.iter() {
            for name in names.value.iter().filter(|name| reading.spelt(&name.value).is_empty()) {
                let label = "expected a name of the standard, such as redirect_uri";
                self.wrong(Code::UnknownKey, name.place, format!("`{name}` is not a parameter"), label);
            }
            let names = names.value.iter().map(|name| name.value.as_str().into()).collect();
            out.push((grant.value.as_str().into(), names));
        }
        out
    }

    fn verbs(&mut self, written: &At<OneOrMany>) -> Vec<Method> {
        let mut out = Vec::new();
        for word in written.value.iter() {
            match word.value.as_str() {
                "GET" => out.push(Method::GET),
                "HEAD" => out.push(Method::HEAD),
                "POST" => out.push(Method::POST),
                "PUT" => out.push(Method::PUT),
                "PATCH" => out.push(Method::PATCH),
                "DELETE" => out.push(Method::DELETE),
                "OPTIONS" => out.push(Method::OPTIONS),
                _ => {
                    let message = format!("`{word}` is not a method of an endpoint");
                    let label = "expected GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS";
                    self.wrong(Code::UnknownWord, word.place, message, label);
                }
            }
        }
        out
    }

    fn reading(&mut self, written: &ReadingDocument, base: Reading) -> Reading {
        let mut out = base;
        for (name, spellings) in written.names.iter() {
            let list = spellings.value.iter().map(|word| word.value.as_str().into()).collect();
            match named(&mut out.names, &name.value) {
                Some(place) => *place = list,
                None => {
                    let message = format!("`{name}` is not a parameter");
                    let label = "expected a name of the standard, such as client_id";
                    self.wrong(Code::UnknownKey, name.place, message, label);
                }
            }
        }
        let values = |list: &At<Vec<At<_>>>| list.value.iter().map(|word| word.value).collect();
        out.client_auth = written.client.as_ref().map_or(out.client_auth, values);
        if let Some(name) = &written.key_header {
            out.key_header = self.header_name(name);
        }
        out.basic = written.basic.as_ref().map_or(out.basic, |word| word.value);
        out.twice_alike = written.twice_alike.as_ref().map_or(out.twice_alike, |word| word.value);
        out.twice_unlike = written.twice_unlike.as_ref().map_or(out.twice_unlike, |word| word.value);
        if let Some(bodies) = &written.bodies {
            out.bodies = bodies.value.iter().map(|word| word.value).collect();
        }
        out.untyped = written.untyped.as_ref().map_or(out.untyped, |word| word.value);
        out.query = written.query.as_ref().map_or(out.query, |word| word.value);
        out.repeats = written.repeats.as_ref().map_or(out.repeats, |word| word.value);
        if let Some(text) = &written.scope_separators {
            out.scope_separators = text.value.chars().collect();
        }
        out.scope_lists = written.scope_lists.as_ref().map_or(out.scope_lists, |word| word.value);
        if let Some(order) = &written.order {
            out.order = Step::whole(order.value.iter().map(|word| word.value));
        }
        out
    }

    /// A status that an answer may have.
    pub fn status(&mut self, written: &At<u64>) -> Option<StatusCode> {
        let fits = u16::try_from(written.value).ok().filter(|number| (200..=599).contains(number));
        let status = fits.and_then(|number| StatusCode::from_u16(number).ok());
        if status.is_none() {
            self.wrong(Code::WrongValue, written.place, format!("{written} is not a status"), "expected 200 to 599");
        }
        status
    }
}

/// The spellings of a parameter by its standard name.
fn named<'a>(names: &'a mut ParameterNames, name: &str) -> Option<&'a mut Vec<Box<str>>> {
    Some(match name {
        "grant_type" => &mut names.grant_type,
        "scope" => &mut names.scope,
        "client_id" => &mut names.client_id,
        "client_secret" => &mut names.client_secret,
        "username" => &mut names.username,
        "password" => &mut names.password,
        "refresh_token" => &mut names.refresh_token,
        "assertion" => &mut names.assertion,
        "client_assertion" => &mut names.client_assertion,
        "client_assertion_type" => &mut names.client_assertion_type,
        "code" => &mut names.code,
        "redirect_uri" => &mut names.redirect_uri,
        "code_verifier" => &mut names.code_verifier,
        "token" => &mut names.token,
        "token_type_hint" => &mut names.token_type_hint,
        _ => return None,
    })
}
