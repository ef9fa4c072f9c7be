//! Issuers: ours with endpoints, clients and people, and foreign ones of which only
//! the keys and the profile of their tokens are known.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::host::HostPattern;
use crate::access::profile::TokenProfile;
use crate::clock::Seconds;
use crate::config::compile::assertion::{default_audience, open_to_assertions};
use crate::config::compile::compiler::Compiler;
use crate::config::compile::key::never_or;
use crate::config::compile::people::sends_people;
use crate::config::compile::scope::Catalogue;
use crate::config::compile::url::{Scheme, Url};
use crate::config::document::gateway::GatewayDocument;
use crate::config::document::issuer::{FormatName, GenerateClientDocument, IssuerDocument, ThrottleDocument};
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::token::{RefreshDocument, TokenDocument};
use crate::config::problem::code::Code;
use crate::config::problem::fact::Problem;
use crate::config::source::at::At;
use crate::config::source::place::{Place, Secrecy};
use crate::oauth::client::GrantKind;
use crate::oauth::issuer::{
    GenerateClient, Issuer, MachineRefresh, RefreshSettings, SecretForm, ThrottleSettings, TokenFormat, TokenSettings,
};
use crate::oauth::spelling::{Makeup, Spelling};
use crate::token::id::IssuerName;
use crate::token::ring::KeyRing;
use crate::token::scope::{Scope, Scopes};
use crate::token::secret::Secret;

const DAY: u64 = 86_400;
/// Bearer tokens that live longer get a warning.
const LONG: Seconds = Seconds(3_600);

/// An issuer with what routes and tables need of it.
pub(super) struct Authority {
    pub profile: TokenProfile,
    pub kind: Kind,
}

/// Ours or foreign.
pub(super) enum Kind {
    /// Ours.
    Ours(Box<Own>),
    /// Its keys, unless they could not be read.
    Foreign(Option<Arc<KeyRing>>),
}

/// An issuer of ours with what only compiling needs.
pub(super) struct Own {
    pub issuer: Issuer,
    pub host: HostPattern,
    /// The listeners it names.
    pub listeners: Option<OneOrMany>,
    pub place: Place,
    /// Some of its scopes could not be read.
    pub incomplete: bool,
    /// What the backend itself knows its users by, by subject.
    pub user_tokens: Vec<(Box<str>, Option<Secret>)>,
    /// Whether the paths of its endpoints may stand in a message.
    pub secrecy: Secrecy,
}

impl Compiler<'_> {
    /// Every issuer of the file, in order: the index is that of its profile.
    pub fn issuers(&mut self, document: &GatewayDocument) -> Vec<Authority> {
        let mut urls: HashMap<&str, Place> = HashMap::new();
        let mut out = Vec::new();
        for (name, written) in document.issuers.iter() {
            self.name(name);
            let url = &written.value.url;
            if let Some(first) = urls.insert(&url.value, url.place) {
                let problem = Problem::new(Code::Twice, format!("two issuers with the url `{url}`"))
                    .at(self.places(), url.place, "again here")
                    .and(self.places(), first, "first here");
                self.report(problem);
            }
            let profile = out.len();
            out.push(match &written.value.jwks {
                Some(jwks) => {
                    self.not_for_foreign(name, &written.value);
                    let ring = self.foreign_ring(&jwks.value, written.value.algorithms.as_ref());
                    Authority { profile: self.foreign_profile(name, &written.value), kind: Kind::Foreign(ring) }
                }
                None => self.our_issuer(name, written, profile),
            });
        }
        out
    }

    fn our_issuer(&mut self, name: &At<String>, at: &At<IssuerDocument>, profile: usize) -> Authority {
        let written = &at.value;
        self.not_for_ours(name, written);
        let host = self.issuer_host(written);
        let base = self.base(written.base.as_ref());
        let catalogue = self.catalogue(written.scopes.as_ref());
        let names: Vec<&Scope> = catalogue.iter().map(|(scope, _)| scope).collect();
        let all: Scopes = names.iter().map(|scope| (*scope).clone()).collect();
        // Scopes may be among what could not be read.
        let incomplete = self.damaged(at.place) || written.scopes.as_ref().is_some_and(|at| self.damaged(at.place));
        let closed = if incomplete { Catalogue::Open } else { Catalogue::Closed(names) };
        let mut dialect = self.dialect(written.dialect.as_ref().map(|choice| &choice.value.0));
        dialect.scope_texts = catalogue.iter().map(|(scope, text)| (scope.clone(), text.as_str().into())).collect();
        let assertions = self.assertions(written.assertions.as_ref());
        open_to_assertions(&mut dialect, assertions.as_ref());
        let dialect = Arc::new(dialect);
        let token = self.token(written.token.as_ref(), &written.url.value);
        self.told_expiry(written.dialect.as_ref().map(|choice| &choice.value.0), token.lifetime);
        let scope_rules = self.scope_rules(written.scope_rules.as_ref(), &closed);
        let clients = written.clients.as_ref().map_or(&[][..], |list| &list.value);
        let users = written.users.as_ref().map_or(&[][..], |list| &list.value);
        let named = written.default_scopes.as_ref();
        let default_scopes = named.map(|names| self.scopes(names.value.iter(), &closed, "this issuer"));
        let written_clients = clients;
        let clients = self.clients(written_clients, &closed, &all);
        let generate_client = self.generate(written.generate_client.as_ref(), &closed, &all);
        let generated = generate_client.as_ref().is_some_and(|client| sends_people(&client.grants));
        let registration = written.registration.as_ref().map(|at| self.registration(at, &closed, &all));
        let itself = registration.as_ref().is_some_and(|rules| sends_people(&rules.grants));
        let implied = generated || itself || clients.values().any(|client| sends_people(&client.grants));
        let mut issuer = Issuer {
            name: IssuerName::new(name.value.as_str()),
            profile,
            url: written.url.value.clone(),
            base,
            refresh: self.refresh(written.refresh.as_ref()),
            keys: self.keys(written.keys.as_ref()),
            default_scopes,
            clients,
            users: self.users(users, &closed),
            generate_client,
            people: self.people(written, implied),
            registration,
            cors_origins: self.origins(written.cors.as_ref()),
            throttle: self.throttle(written.throttle.as_ref()),
            token,
            dialect,
            scope_rules,
            assertions,
            catalogue: catalogue.clone(),
        };
        default_audience(&mut issuer);
        self.refreshes(written, issuer.refresh.machines);
        self.keys_without_use(written_clients, &issuer);
        self.openid(&issuer, written);
        let claims = written.token.as_ref().and_then(|token| token.value.claims.as_ref());
        let profile = self.own_profile(name, &issuer, claims.map(|claims| &claims.value));
        let listeners = written.listener.as_ref().map(|list| list.value.clone());
        let base_secrecy = written.base.as_ref().map_or(Secrecy::Open, |base| base.secrecy);
        let secrecy = if base_secrecy == Secrecy::Open { written.url.secrecy } else { Secrecy::Hidden };
        let user_tokens = self.backend_tokens(users);
        let kind =
            Kind::Ours(Box::new(Own { user_tokens, issuer, host, listeners, place: name.place, incomplete, secrecy }));
        Authority { profile, kind }
    }

    /// Looks for clients that may refresh and have nothing to.
    fn refreshes(&mut self, written: &IssuerDocument, machines: MachineRefresh) {
        for client in written.clients.iter().flat_map(|list| &list.value) {
            let whose = format!("client `{}`", client.value.id);
            self.nothing_to_refresh(client.value.grants.as_ref(), &whose, machines);
        }
        if let Some(GenerateClientDocument::With(settings)) = written.generate_client.as_ref().map(|at| &at.value) {
            self.nothing_to_refresh(settings.grants.as_ref(), "the generated client", machines);
        }
        let registers = written.registration.as_ref().and_then(|at| at.value.grants.as_ref());
        self.nothing_to_refresh(registers, "an application that registers itself", machines);
    }

    fn issuer_host(&mut self, written: &IssuerDocument) -> HostPattern {
        let url = &written.url;
        let parsed = Url::parse(&url.value);
        match &parsed {
            Ok(parsed) if parsed.scheme == Scheme::Http && !parsed.is_loopback() => {
                let message = format!("the issuer `{url}` is not https");
                self.wrong(Code::ClearText, url.place, message, "tokens in clear text");
            }
            Ok(_) => {}
            Err(why) => {
                let help = "write such as https://login.example.com";
                let message = format!("`{url}` cannot be an issuer: {why}");
                self.wrong_with_help(Code::WrongValue, url.place, message, "not a url", help);
            }
        }
        let (text, place) = match (&written.host, parsed) {
            (Some(host), _) => (host.value.clone(), host.place),
            (None, Ok(parsed)) => (parsed.host, url.place),
            (None, Err(_)) => return HostPattern::Any,
        };
        self.host(&text, place).unwrap_or(HostPattern::Any)
    }

    fn base(&mut self, written: Option<&At<String>>) -> String {
        let Some(base) = written else { return "/oauth2".to_owned() };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
        let text = base.value.trim_end_matches('/');
        let fits = (text.is_empty() || text.starts_with('/')) && text.bytes().all(plain) && !text.contains("//");
        if !fits || text.split('/').any(|segment| segment == "." || segment == "..") {
            let message = format!("`{base}` cannot be a base path");
            self.wrong(Code::WrongValue, base.place, message, "expected such as /oauth2");
        }
        text.to_owned()
    }

    fn catalogue(&mut self, written: Option<&At<Named<String>>>) -> Vec<(Scope, String)> {
        let Some(named) = written else { return Vec::new() };
        let mut out = Vec::new();
        for (name, text) in named.value.iter() {
            let scope = self.spelt_scope(&name.value, name.place);
            out.extend(scope.map(|scope| (scope, text.clone())));
        }
        out
    }

    fn token(&mut self, written: Option<&At<TokenDocument>>, url: &str) -> TokenSettings {
        let document = written.map(|at| &at.value);
        let lifetime = document.and_then(|token| token.lifetime.as_ref());
        let seconds = lifetime.map_or(Some(Seconds(600)), |_| never_or(lifetime));
        let access = self.makeup(document.and_then(|token| token.access.as_ref()));
        let plain = matches!(access, Makeup::Standard);
        if let (Some(at), None, Makeup::Standard) = (lifetime, seconds, &access) {
            let help = "RFC 9068 asks for `exp`";
            self.wrong_with_help(Code::WrongValue, at.place, "tokens of the standard have an end", "no end", help);
        }
        if let (Some(at), Some(seconds)) = (lifetime, seconds) {
            if seconds.0 == 0 {
                self.wrong(Code::WrongValue, at.place, "tokens that live for 0s are never valid", "expected more");
            } else if seconds > LONG && plain {
                let help = "short tokens and refresh tokens make a stolen token worth less";
                self.wrong_with_help(Code::LongLifetime, at.place, "access tokens live longer than 1h", "long", help);
            }
        }
        let audience = document.and_then(|token| token.audience.as_ref());
        let named: Option<Vec<String>> = audience.map(|l| l.value.iter().map(|at| at.value.clone()).collect());
        if let (Some(list), Some([]), Makeup::Standard) = (audience, named.as_deref(), &access) {
            let message = "tokens without `aud` are not RFC 9068 tokens";
            self.wrong(Code::WrongValue, list.place, message, "expected at least one");
        }
        TokenSettings {
            format: match document.and_then(|token| token.format.as_ref()).map(|format| format.value) {
                Some(FormatName::Opaque) => TokenFormat::Opaque,
                Some(FormatName::Jwt) | None => TokenFormat::Jwt,
            },
            lifetime: seconds,
            audience: named.unwrap_or_else(|| vec![url.to_owned()]),
            claims: self.claim_names(document.and_then(|token| token.claims.as_ref())),
            revoke: document.and_then(|token| token.revoke.as_ref()).map_or_else(Default::default, |word| word.value),
            revoke_by: document.and_then(|token| token.revoke_by.as_ref()).map_or_else(Default::default, |w| w.value),
            subjects: document.and_then(|token| token.subjects.as_ref()).map_or_else(Default::default, |w| w.value),
            reuse: document.and_then(|token| token.reuse.as_ref()).map_or_else(Default::default, |word| word.value),
            spelling: Spelling { access, refresh: self.makeup(document.and_then(|token| token.refresh.as_ref())) },
        }
    }

    fn refresh(&mut self, written: Option<&At<RefreshDocument>>) -> RefreshSettings {
        let none = RefreshDocument::default();
        let document = written.map_or(&none, |at| &at.value);
        let or = |written, default| if written { None } else { Some(Seconds(default)) };
        let rotate = document.rotate.as_ref().is_none_or(|flag| flag.value);
        if let (false, Some(flag)) = (rotate, &document.rotate) {
            let help = "with rotation, a stolen refresh token betrays itself";
            self.wrong_with_help(Code::NoRotation, flag.place, "refresh tokens do not rotate", "stay the same", help);
        }
        RefreshSettings {
            lifetime: never_or(document.lifetime.as_ref()).or(or(document.lifetime.is_some(), 30 * DAY)),
            idle: never_or(document.idle.as_ref()).or(or(document.idle.is_some(), 7 * DAY)),
            rotate,
            grace: document.grace.as_ref().map_or(Seconds(10), |span| span.value.seconds()),
            sessions: document.sessions.as_ref().map_or_else(Default::default, |word| word.value),
            before: document.before.as_ref().map_or_else(Default::default, |word| word.value),
            machines: document.machines.as_ref().map_or_else(Default::default, |word| word.value),
            keys: document.keys.as_ref().map(|keys| self.keys(Some(keys))),
        }
    }

    fn generate(
        &mut self,
        written: Option<&At<GenerateClientDocument>>,
        catalogue: &Catalogue<'_>,
        all: &Scopes,
    ) -> Option<GenerateClient> {
        let at = written?;
        match &at.value {
            GenerateClientDocument::Plain(false) => None,
            GenerateClientDocument::Plain(true) => {
                let grants = vec![GrantKind::ClientCredentials];
                Some(GenerateClient { keep: true, grants, scopes: all.clone(), secret: SecretForm::Standard })
            }
            GenerateClientDocument::With(settings) => Some(GenerateClient {
                secret: settings.secret.as_ref().map_or_else(Default::default, |word| word.value),
                keep: settings.keep.as_ref().is_none_or(|keep| keep.value),
                grants: match &settings.grants {
                    Some(_) => self.grants(settings.grants.as_ref(), "the generated client", at.place),
                    None => vec![GrantKind::ClientCredentials],
                },
                scopes: match &settings.scopes {
                    Some(names) => self.scopes(names.value.iter(), catalogue, "this issuer"),
                    None => all.clone(),
                },
            }),
        }
    }

    fn origins(&mut self, written: Option<&At<OneOrMany>>) -> Vec<String> {
        let mut out = Vec::new();
        for origin in written.iter().flat_map(|list| list.value.iter()) {
            match Url::parse(&origin.value) {
                Ok(url) if url.path.is_empty() => out.push(origin.value.to_ascii_lowercase()),
                Ok(_) | Err(_) => {
                    let message = format!("`{origin}` is not an origin");
                    self.wrong(Code::WrongValue, origin.place, message, "expected such as https://app.example.com");
                }
            }
        }
        out
    }

    fn throttle(&mut self, written: Option<&At<ThrottleDocument>>) -> ThrottleSettings {
        let none = ThrottleDocument::default();
        let document = written.map_or(&none, |at| &at.value);
        let small = |number| u32::try_from(number).unwrap_or(u32::MAX);
        ThrottleSettings {
            per_address: small(self.number(document.per_address.as_ref(), 100, 1..=1_000_000)),
            free_failures: small(self.number(document.free_failures.as_ref(), 10, 1..=1_000_000)),
            within: document.within.as_ref().map_or(Seconds(900), |span| span.value.seconds()),
        }
    }

    /// A host pattern, or a problem.
    pub fn host(&mut self, text: &str, place: Place) -> Option<HostPattern> {
        let parsed = HostPattern::parse(text);
        if let Err(why) = &parsed {
            let why = if self.places().hidden(place) { "not a host" } else { why.as_str() };
            self.wrong(Code::WrongValue, place, why, "expected a name, `*.name`, or any");
        }
        parsed.ok()
    }

    fn not_for_foreign(&mut self, name: &At<String>, written: &IssuerDocument) {
        let keys = [
            ("listener", written.listener.as_ref().map(|at| at.place)),
            ("host", written.host.as_ref().map(|at| at.place)),
            ("base", written.base.as_ref().map(|at| at.place)),
            ("dialect", written.dialect.as_ref().map(|at| at.place)),
            ("token", written.token.as_ref().map(|at| at.place)),
            ("refresh", written.refresh.as_ref().map(|at| at.place)),
            ("keys", written.keys.as_ref().map(|at| at.place)),
            ("scopes", written.scopes.as_ref().map(|at| at.place)),
            ("scope_rules", written.scope_rules.as_ref().map(|at| at.place)),
            ("default_scopes", written.default_scopes.as_ref().map(|at| at.place)),
            ("clients", written.clients.as_ref().map(|at| at.place)),
            ("users", written.users.as_ref().map(|at| at.place)),
            ("people", written.people.as_ref().map(|at| at.place)),
            ("registration", written.registration.as_ref().map(|at| at.place)),
            ("generate_client", written.generate_client.as_ref().map(|at| at.place)),
            ("cors", written.cors.as_ref().map(|at| at.place)),
            ("throttle", written.throttle.as_ref().map(|at| at.place)),
            ("assertions", written.assertions.as_ref().map(|at| at.place)),
        ];
        self.without_meaning(name, &keys, "foreign issuer (it has `jwks`)");
    }

    fn not_for_ours(&mut self, name: &At<String>, written: &IssuerDocument) {
        let keys = [
            ("algorithms", written.algorithms.as_ref().map(|at| at.place)),
            ("audience", written.audience.as_ref().map(|at| at.place)),
            ("require", written.require.as_ref().map(|at| at.place)),
            ("types", written.types.as_ref().map(|at| at.place)),
            ("leeway", written.leeway.as_ref().map(|at| at.place)),
        ];
        self.without_meaning(name, &keys, "issuer of ours (it has no `jwks`)");
    }

    fn without_meaning(&mut self, name: &At<String>, keys: &[(&str, Option<Place>)], kind: &str) {
        for (key, place) in keys.iter().filter_map(|(key, place)| place.map(|place| (key, place))) {
            let message = format!("`{key}` has no meaning for `{name}`, an {kind}").replace("an foreign", "a foreign");
            self.wrong(Code::Combination, place, message, "remove it");
        }
    }
}
