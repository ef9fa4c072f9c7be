//! Access lines: methods, scopes as bits, and lines that could never apply.
//! Must never: let a line pass that could not be read; a rule that is not understood is
//! a mistake, not a door.

use std::collections::HashMap;

use http::Method;

use crate::access::rule::{AccessLine, Alternative, Rule};
use crate::config::compile::compiler::Compiler;
use crate::config::compile::scope::Catalogue;
use crate::config::document::access::{AccessDocument, AccessLineDocument, ApplicationWord};
use crate::config::document::one_or_many::OneOrMany;
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::problem::suggest::closest;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::token::scope::{Scope, ScopeSet, ScopeTable, Scopes};

/// Methods that a line may name: those registered with IANA, and PURGE.
const METHODS: [&str; 41] = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PURGE",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
    "VIEW",
    "MKTICKET",
];

/// What the scopes of a route may be, and where their bits come from.
pub(super) struct Scoping<'a> {
    pub catalogue: Catalogue<'a>,
    /// Whose scopes, for messages.
    pub whose: String,
    pub table: &'a mut ScopeTable,
    /// Every scope that was asked for, for the lint.
    pub asked: &'a mut Vec<Scope>,
}

impl Compiler<'_> {
    /// The lines of one route.
    pub fn access(&mut self, written: &At<AccessDocument>, scoping: &mut Scoping<'_>) -> Vec<AccessLine> {
        let every = |rule| vec![AccessLine { methods: Vec::new(), rule }];
        match &written.value {
            AccessDocument::Public => every(Rule::Public),
            AccessDocument::Token => every(Rule::Bearer(vec![scoping.alternative(Scopes::default())])),
            AccessDocument::Scopes(names) => {
                let at = |name: &String| At { value: name.clone(), place: written.place, secrecy: written.secrecy };
                let named: Vec<At<String>> = names.iter().map(at).collect();
                let scopes = self.scopes(named.iter(), &scoping.catalogue, &scoping.whose.clone());
                every(Rule::Bearer(vec![scoping.alternative(scopes)]))
            }
            AccessDocument::Lines(lines) => {
                if lines.is_empty() {
                    let help = "say `public`, `token`, `scope NAME`, or write lines";
                    let message = "an access without lines lets nobody in";
                    self.wrong_with_help(Code::WrongValue, written.place, message, "no line", help);
                }
                self.lines(lines, scoping)
            }
        }
    }

    fn lines(&mut self, lines: &[At<AccessLineDocument>], scoping: &mut Scoping<'_>) -> Vec<AccessLine> {
        let mut covered: HashMap<Method, Place> = HashMap::new();
        let mut all: Option<Place> = None;
        let mut out = Vec::new();
        for line in lines {
            let methods = line.value.methods.as_ref();
            if let Some(first) = all {
                let problem = Problem::new(Code::Unreachable, "this access line can never apply")
                    .at(self.places(), line.place, "unreachable")
                    .and(self.places(), first, "this line takes every method")
                    .help("the first line whose methods fit decides; put the narrow line first");
                self.report(problem);
                continue;
            }
            let parsed = methods.map(|list| self.methods(&list.value, list.place, &mut covered)).unwrap_or_default();
            if methods.is_none() && !self.damaged(line.place) {
                all = Some(line.place);
            }
            if let Some(rule) = self.rule(line, scoping).and_then(|rule| self.for_whom(line, rule)) {
                out.push(AccessLine { methods: parsed, rule });
            }
        }
        out
    }

    fn methods(&mut self, list: &OneOrMany, place: Place, covered: &mut HashMap<Method, Place>) -> Vec<Method> {
        if list.is_empty() && !self.damaged(place) {
            let message = "an empty list of methods fits no request";
            self.wrong_with_help(Code::WrongValue, place, message, "empty", "leave `methods` out for every method");
        }
        let mut out = Vec::new();
        for name in list.iter() {
            let Some(method) = self.method(name) else { continue };
            if let Some(first) = covered.get(&method) {
                let problem = Problem::new(Code::Unreachable, format!("{method} can never get to this access line"))
                    .at(self.places(), name.place, "unreachable")
                    .and(self.places(), *first, "decided here already");
                self.report(problem);
                continue;
            }
            covered.insert(method.clone(), name.place);
            out.push(method);
        }
        out
    }

    /// A method that may be named.
    pub fn method(&mut self, name: &At<String>) -> Option<Method> {
        let known = METHODS.contains(&name.value.as_str()).then(|| Method::from_bytes(name.value.as_bytes()).ok());
        if let Some(Some(method)) = known {
            return Some(method);
        }
        let upper = name.value.to_ascii_uppercase();
        let help = closest(&upper, METHODS.into_iter()).map(|meant| format!("did you mean `{meant}`?"));
        let problem = Problem::new(Code::UnknownWord, format!("`{name}` is not a method"));
        self.report(problem.at(self.places(), name.place, "methods are upper case").maybe_help(help));
        None
    }

    fn rule(&mut self, line: &At<AccessLineDocument>, scoping: &mut Scoping<'_>) -> Option<Rule> {
        let AccessLineDocument { scopes, any_of, public, application, .. } = &line.value;
        if let (Some(At { value: ApplicationWord::Required, .. }), None, None, None) =
            (application, scopes, any_of, public)
        {
            return Some(Rule::Application(Vec::new()));
        }
        match (public, scopes, any_of) {
            (Some(public), None, None) if public.value => Some(Rule::Public),
            (Some(public), None, None) => {
                let help = "say which `scopes` it asks for; an empty list asks for a valid token";
                self.wrong_with_help(
                    Code::WrongValue,
                    public.place,
                    "`public: false` says nothing",
                    "not a rule",
                    help,
                );
                None
            }
            (Some(public), Some(at), _) => self.contradiction(public.place, at.place),
            (Some(public), None, Some(at)) => self.contradiction(public.place, at.place),
            (None, None, None) if self.damaged(line.place) => None,
            (None, None, None) => {
                let help = "add `scopes: [NAME]`, `any_of: […]` or `public: true`; `scopes: []` asks for a valid token";
                self.wrong_with_help(
                    Code::MissingKey,
                    line.place,
                    "this access line asks for nothing",
                    "no rule",
                    help,
                );
                None
            }
            (None, scopes, any_of) => {
                let whose = scoping.whose.clone();
                let common = scopes.as_ref().map(|list| self.scopes(list.value.iter(), &scoping.catalogue, &whose));
                let common = common.unwrap_or_default();
                let Some(any_of) = any_of else { return Some(Rule::Bearer(vec![scoping.alternative(common)])) };
                if any_of.value.is_empty() && !self.damaged(any_of.place) {
                    self.wrong(Code::WrongValue, any_of.place, "an empty `any_of` lets nobody in", "empty");
                }
                let mut alternatives = Vec::new();
                for list in &any_of.value {
                    let own = self.scopes(list.value.iter(), &scoping.catalogue, &whose);
                    let together = common.iter().chain(own.iter()).cloned().collect();
                    alternatives.push(scoping.alternative(together));
                }
                Some(Rule::Bearer(alternatives))
            }
        }
    }

    /// The rule, for people only or for applications too if the line says so.
    fn for_whom(&mut self, line: &At<AccessLineDocument>, rule: Rule) -> Option<Rule> {
        let AccessLineDocument { user, application, .. } = &line.value;
        let mut wrong = |place, message: &str| {
            self.wrong(Code::Combination, place, message, "remove it");
            None
        };
        match (rule, user, application) {
            (rule, None, None) => Some(rule),
            (Rule::Application(none), None, Some(_)) => Some(Rule::Application(none)),
            (Rule::Public, Some(user), _) => wrong(user.place, "a public line asks for no user"),
            (Rule::Public, None, Some(application)) => {
                wrong(application.place, "a public line asks for no application")
            }
            (_, Some(_), Some(application)) => wrong(application.place, "an application is no user"),
            (Rule::Bearer(_), None, Some(at)) if at.value == ApplicationWord::Required => {
                wrong(at.place, "an application as itself has no scopes")
            }
            (Rule::Bearer(alternatives), None, Some(_)) => Some(Rule::Application(alternatives)),
            (Rule::Bearer(alternatives) | Rule::Person(alternatives), Some(_), None) => {
                Some(Rule::Person(alternatives))
            }
            (rule @ (Rule::Person(_) | Rule::Application(_)), _, _) => Some(rule),
        }
    }

    fn contradiction(&mut self, public: Place, scopes: Place) -> Option<Rule> {
        let problem = Problem::new(Code::Combination, "an access line is public and asks for scopes")
            .at(self.places(), public, "public")
            .and(self.places(), scopes, "asks for scopes");
        self.report(problem);
        None
    }
}

impl Scoping<'_> {
    /// What a set of names asks for.
    pub fn alternative(&mut self, names: Scopes) -> Alternative {
        let mut set = ScopeSet::default();
        for name in names.iter() {
            set.insert(self.table.intern(name));
            self.asked.push(name.clone());
        }
        Alternative { set, names }
    }
}
