//! Routes: the rule that admission reads and the plan that forwarding follows, in two
//! lists of the same order, so that neither can exist without the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::access::host::HostPattern;
use crate::access::pattern::PathPattern;
use crate::access::route::{Presentation, Route};
use crate::config::compile::access::Scoping;
use crate::config::compile::compiler::Compiler;
use crate::config::compile::issuer::{Authority, Kind};
use crate::config::compile::parts::Growing;
use crate::config::compile::rules::{Around, identified};
use crate::config::compile::scope::Catalogue;
use crate::config::compile::template::Words;
use crate::config::compile::upstream::Backend;
use crate::config::compile::websocket::on_expiry;
use crate::config::document::access::AccessDocument;
use crate::config::document::forward::{AuthorizationName, ForwardDocument};
use crate::config::document::gateway::{DefaultsDocument, GatewayDocument};
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::route::{PresentationDocument, RouteDocument};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::config::source::place::Place;
use crate::dialect::Dialect;
use crate::snapshot::Plan;

/// Largest request body unless the file says otherwise.
const MAX_BODY: u64 = 8 << 20;

/// The patience with a backend where there is none.
const UNASKED: Duration = Duration::from_secs(30);

/// A route with its plan and with what its table line needs.
pub(super) struct Way {
    pub route: Arc<Route>,
    pub plan: Plan,
    pub host: HostPattern,
    pub path: PathPattern,
    pub listeners: Option<OneOrMany>,
    pub place: Place,
    /// Its name for messages: stars if it came through a reference.
    pub shown: String,
}

impl Compiler<'_> {
    /// Every route of the file.
    pub fn routes(
        &mut self,
        document: &GatewayDocument,
        issuers: &[Authority],
        upstreams: &[Backend],
        growing: &mut Growing,
    ) -> Vec<Way> {
        let mut names: HashMap<String, Place> = HashMap::new();
        let mut out: Vec<Way> = Vec::new();
        for written in &document.routes {
            let name = self.route_name(&written.value, &mut names);
            let way = self.route(written, &document.defaults, (out.len(), name), issuers, upstreams, growing);
            out.extend(way);
        }
        out
    }

    fn route_name(&mut self, written: &RouteDocument, names: &mut HashMap<String, Place>) -> Arc<str> {
        match &written.name {
            Some(name) => {
                self.name(name);
                if let Some(first) = names.insert(name.value.clone(), name.place) {
                    let problem = Problem::new(Code::Twice, format!("two routes are called `{name}`"))
                        .at(self.places(), name.place, "again here")
                        .and(self.places(), first, "first here");
                    self.report(problem);
                }
                Arc::from(name.value.as_str())
            }
            None => {
                let host = written.host.as_ref().map_or("", |host| host.value.as_str());
                let plain = format!("{host}{}", written.path.value);
                let mut name = plain.clone();
                let mut number = 2;
                while names.contains_key(&name) {
                    name = format!("{plain} #{number}");
                    number += 1;
                }
                names.insert(name.clone(), written.path.place);
                Arc::from(name)
            }
        }
    }

    fn route(
        &mut self,
        written: &At<RouteDocument>,
        defaults: &DefaultsDocument,
        (index, name): (usize, Arc<str>),
        issuers: &[Authority],
        upstreams: &[Backend],
        growing: &mut Growing,
    ) -> Option<Way> {
        let document = &written.value;
        let host = match &document.host {
            Some(host) => self.host(&host.value, host.place),
            None => Some(HostPattern::Any),
        };
        let path = self.pattern(&document.path);
        let accepted = self.accepted(document, issuers);
        let mut scoping = scoping(issuers, &accepted, growing);
        let access = self.access(&document.access, &mut scoping);
        let first = accepted.first().and_then(|index| issuers.get(*index)).map(|issuer| &issuer.profile.dialect);
        let presentation = self.presentation(&document.token, first);
        // What could not be read may have been the upstream.
        if !self.damaged(written.place) {
            self.has_one_answer(document);
        }
        let words = Words::of_path(
            &document.path.value,
            identified(document.request_id.as_ref().or(defaults.request_id.as_ref())),
        );
        let mut plan = self.plan(document, defaults, (upstreams, issuers), &words, growing);
        if let Some(plan) = &mut plan {
            let (accepted, access, words) = (&accepted, &access, &words);
            let around = Around { defaults, issuers, accepted, access, upstreams, words };
            plan.rules = self.rules(document, plan, &around, growing);
        }
        let audience = document.audience.iter().flat_map(|list| list.value.iter());
        let route = Route {
            index,
            name,
            pattern: document.path.value.as_str().into(),
            access,
            issuers: accepted,
            presentation,
            bodies: first.map_or_else(Vec::new, |dialect| dialect.bodies.clone()),
            audience: audience.map(|text| text.value.as_str().into()).collect(),
        };
        Some(Way {
            route: Arc::new(route),
            plan: plan?,
            host: host?,
            path: path?,
            listeners: document.listener.as_ref().map(|list| list.value.clone()),
            place: document.path.place,
            shown: self.shown_name(document),
        })
    }

    /// A route's name as a message may show it.
    fn shown_name(&self, written: &RouteDocument) -> String {
        match (&written.name, &written.host) {
            (Some(name), _) => format!("`{name}`"),
            (None, Some(host)) => format!("`{host}{}`", written.path),
            (None, None) => format!("`{}`", written.path),
        }
    }

    fn pattern(&mut self, path: &At<String>) -> Option<PathPattern> {
        let parsed = PathPattern::parse(&path.value);
        if let Err(why) = &parsed {
            let why = if self.places().hidden(path.place) { "not a path pattern" } else { why.as_str() };
            self.wrong(Code::WrongValue, path.place, why, "not a path pattern");
        }
        parsed.ok()
    }

    /// The profiles whose tokens a route takes.
    fn accepted(&mut self, written: &RouteDocument, issuers: &[Authority]) -> Vec<usize> {
        match &written.issuers {
            Some(list) => {
                if list.value.is_empty() && !self.damaged(list.place) {
                    let message = "an empty list of issuers accepts no token";
                    self.wrong(Code::WrongValue, list.place, message, "expected at least one");
                }
                let mut out = Vec::new();
                for name in list.value.iter() {
                    match issuers.iter().position(|issuer| issuer.profile.name.as_str() == name.value) {
                        Some(index) if out.contains(&index) => {
                            self.wrong(
                                Code::Twice,
                                name.place,
                                format!("issuer `{name}` is there twice"),
                                "again here",
                            );
                        }
                        Some(index) => out.push(index),
                        None => self.undefined("issuers", "issuer", name),
                    }
                }
                out
            }
            None if issuers.len() == 1 => vec![0],
            None if matches!(written.access.value, AccessDocument::Public) => Vec::new(),
            None => {
                let (message, label) = match issuers.is_empty() {
                    true => ("this route asks for a token, but there is no issuer", "define one under `issuers:`"),
                    false => ("this route does not say whose tokens it takes", "add `issuers: [NAME]`"),
                };
                // An issuer that is there but could not be read is its own mistake.
                let unread = self.tree.root.child("issuers").is_some_and(|node| !node.entries().is_empty());
                if !issuers.is_empty() || !unread {
                    self.wrong(Code::MissingKey, written.path.place, message, label);
                }
                Vec::new()
            }
        }
    }

    /// Where a token may stand: as the route says, else as its first issuer's dialect.
    fn presentation(&mut self, written: &PresentationDocument, dialect: Option<&Arc<Dialect>>) -> Presentation {
        for name in written.query.iter().chain(&written.form).chain(&written.subprotocol) {
            let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
            if name.value.is_empty() || !name.value.bytes().all(plain) {
                let message = format!("`{name}` cannot be the name of a parameter");
                self.wrong(Code::WrongValue, name.place, message, "expected letters, digits, `_`, `-`, `.`");
            }
        }
        let text = |name: &At<String>| -> Box<str> { name.value.as_str().into() };
        let own = |name: &Option<At<String>>| name.as_ref().map(|name| vec![text(name)]);
        let names = |of: fn(&Dialect) -> &Vec<Box<str>>| dialect.map_or_else(Vec::new, |dialect| of(dialect).clone());
        Presentation {
            query: own(&written.query).unwrap_or_else(|| names(|dialect| &dialect.query)),
            schemes: dialect.map_or_else(Vec::new, |dialect| dialect.schemes.clone()),
            headers: dialect.map_or_else(Vec::new, |dialect| dialect.headers.clone()),
            form: own(&written.form).unwrap_or_else(|| names(|dialect| &dialect.form)),
            subprotocol: written.subprotocol.as_ref().map(text),
        }
    }

    fn plan(
        &mut self,
        written: &RouteDocument,
        defaults: &DefaultsDocument,
        (upstreams, issuers): (&[Backend], &[Authority]),
        words: &Words,
        growing: &mut Growing,
    ) -> Option<Plan> {
        let named = written.upstream.as_ref();
        let upstream = named.and_then(|name| self.upstream_index(name, upstreams, growing));
        let forward = self.forward(&written.forward, &defaults.forward, words, growing);
        let strip_prefix = written.forward.strip_prefix.as_ref().or(defaults.forward.strip_prefix.as_ref());
        let strip_prefix = strip_prefix.and_then(|prefix| self.front(prefix, &written.path));
        let first_byte_timeout = written.timeouts.first_byte.as_ref();
        let idle_timeout = written.timeouts.idle.as_ref();
        let total_timeout = written.timeouts.total.as_ref().map(|total| self.span(Some(total), Duration::ZERO));
        let backend = upstream.and_then(|index| upstreams.get(index));
        if backend.is_none() && named.is_some() {
            return None;
        }
        let (identity, set) = forward;
        let keep = written.forward.authorization.as_ref().or(defaults.forward.authorization.as_ref());
        let keep_authorization = keep.is_some_and(|word| word.value == AuthorizationName::Keep);
        if let (true, Some(word)) = (keep_authorization, keep) {
            if set.iter().any(|(name, _)| *name == http::header::AUTHORIZATION) {
                let message = "`Authorization` is both kept and set";
                self.wrong(Code::Combination, word.place, message, "choose one");
            }
            backend.iter().for_each(|backend| self.lint_kept_authorization(word.place, backend));
        }
        let minted = written.forward.mint.as_ref().or(defaults.forward.mint.as_ref());
        let mint = self.mint(minted);
        if let (true, Some(at)) = (keep_authorization, minted) {
            let message = "`Authorization` is both kept and minted";
            self.wrong(Code::Combination, at.place, message, "choose one");
        }
        let own = written.forward.user_token.as_ref().or(defaults.forward.user_token.as_ref());
        let user_tokens = self.user_tokens(own, issuers, &identity);
        if let (Some(at), true) = (own, mint.is_some() || keep_authorization)
            && user_tokens.as_ref().is_some_and(|tokens| tokens.header == http::header::AUTHORIZATION)
        {
            let message = "`Authorization` is already kept or minted";
            self.wrong(Code::Combination, at.place, message, "choose one, or name another header");
        }
        let max_body = written.max_body.as_ref().or(defaults.max_body.as_ref());
        Some(Plan {
            upstream: upstream.unwrap_or_default(),
            strip_prefix,
            identity,
            set,
            keep_authorization,
            mint,
            user_tokens,
            rules: None,
            max_body: max_body.map_or(MAX_BODY, |size| size.value.0),
            first_byte_timeout: self.span(first_byte_timeout, backend.map_or(UNASKED, |backend| backend.first_byte)),
            idle_timeout: self.span(idle_timeout, backend.map_or(UNASKED, |backend| backend.idle)),
            total_timeout: total_timeout.or_else(|| backend.and_then(|backend| backend.total)),
            on_expiry: on_expiry(written),
            websocket: self.websocket(written, backend),
        })
    }

    #[expect(clippy::type_complexity, reason = "the two lists of a plan, as it holds them")]
    fn forward(
        &mut self,
        written: &ForwardDocument,
        defaults: &ForwardDocument,
        words: &Words,
        growing: &mut Growing,
    ) -> (Vec<(http::HeaderName, crate::snapshot::Template)>, Vec<(http::HeaderName, HeaderValue)>) {
        let mut identity: Vec<(http::HeaderName, crate::snapshot::Template)> = Vec::new();
        let mut set: Vec<(http::HeaderName, HeaderValue)> = Vec::new();
        // The route's own come first and win over the defaults of the same name.
        let inherited = words.for_defaults();
        for (own, source, words) in [(true, written, words), (false, defaults, &inherited)] {
            for (name, value) in source.headers.iter() {
                let Some(header) = self.header_name_once(name, growing) else { continue };
                if header == http::header::AUTHORIZATION {
                    let message = "`Authorization` is no identity header";
                    self.wrong(Code::WrongValue, name.place, message, "use `set` for a backend's own credential");
                }
                if identity.iter().any(|(other, _)| *other == header) {
                    if own {
                        self.wrong(
                            Code::Twice,
                            name.place,
                            format!("the header `{name}` is there twice"),
                            "again here",
                        );
                    }
                    continue;
                }
                let template = self.template(value, words, &mut growing.kept);
                identity.extend(template.map(|template| (header, template)));
            }
            for (name, value) in source.set.iter() {
                let Some(header) = self.header_name_once(name, growing) else { continue };
                if set.iter().any(|(other, _)| *other == header) {
                    continue;
                }
                if identity.iter().any(|(other, _)| *other == header) {
                    let message = format!("the header `{name}` is both an identity header and set");
                    self.wrong(Code::Combination, name.place, message, "choose one");
                    continue;
                }
                match HeaderValue::from_str(value.value.0.expose()) {
                    Ok(mut fixed) => {
                        fixed.set_sensitive(true);
                        set.push((header, fixed));
                    }
                    Err(_) => {
                        let message = format!("the value of `{name}` cannot stand in a header");
                        self.wrong(Code::WrongValue, value.place, message, "expected visible ASCII");
                    }
                }
            }
        }
        (identity, set)
    }

    /// A header name whose mistakes are reported once, however many routes inherit it.
    fn header_name_once(&mut self, name: &At<String>, growing: &mut Growing) -> Option<http::HeaderName> {
        if let Some(known) = growing.header_names.get(&name.place) {
            return known.clone();
        }
        let header = self.header_name(name);
        growing.header_names.insert(name.place, header.clone());
        header
    }
}

/// The scopes that a route's issuers define.
pub(super) fn scoping<'a>(issuers: &'a [Authority], accepted: &[usize], growing: &'a mut Growing) -> Scoping<'a> {
    let of: Vec<&Authority> = accepted.iter().filter_map(|index| issuers.get(*index)).collect();
    let names: Vec<String> = of.iter().map(|issuer| format!("`{}`", issuer.profile.name)).collect();
    let open = of.is_empty()
        || of.iter().any(|issuer| match &issuer.kind {
            Kind::Ours(own) => own.incomplete,
            Kind::Foreign(_) => true,
        });
    let catalogue = if open {
        Catalogue::Open
    } else {
        let ours = of.iter().filter_map(|issuer| match &issuer.kind {
            Kind::Ours(own) => Some(&own.issuer.catalogue),
            Kind::Foreign(_) => None,
        });
        Catalogue::Closed(ours.flatten().map(|(scope, _)| scope).collect())
    };
    let plural = if names.len() == 1 { "issuer" } else { "any of the issuers" };
    let whose = format!("{plural} {}", names.join(", "));
    Scoping { catalogue, whose, table: &mut growing.scopes, asked: &mut growing.asked }
}
