//! A dialect as data: what may vary between token endpoints, each variation a closed
//! enum, a word or a checked template. A knob changes spelling only; what would change
//! who gets what is a setting of the issuer, never a knob.

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::dialect::answer::Answer;
use crate::dialect::condition::Challenge;
use crate::dialect::endpoint::Endpoint;
use crate::dialect::refusals::Refusals;
use crate::dialect::template::Template;
use crate::dialect::token_header::TokenHeader;
use crate::token::scope::Scope;

/// How one issuer speaks at its endpoints and how its tokens are spoken of at the API.
#[derive(Clone, PartialEq, Debug)]
pub struct Dialect {
    /// The endpoints it serves, in the order of the dialect.
    pub seats: Vec<Seat>,
    /// How requests are read, unless a seat says otherwise.
    pub reading: Reading,
    /// How tokens are handed over, unless a seat says otherwise.
    pub success: Answer,
    /// How requests are refused, unless a seat says otherwise.
    pub refusals: Refusals,
    /// What a revocation is answered with, whatever the token was.
    pub revoked: Answer,
    /// What the token information endpoint tells.
    pub info: Answer,
    /// How callers of the API are refused.
    pub api: Refusals,
    /// The schemes of `Authorization` that present a token; empty: `Bearer`.
    pub schemes: Vec<Box<str>>,
    /// Further headers that may hold a token.
    pub headers: Vec<TokenHeader>,
    /// The query parameters that may hold a token.
    pub query: Vec<Box<str>>,
    /// The form fields that may hold a token.
    pub form: Vec<Box<str>>,
    /// Headers of the API's answers to whoever passed with a token.
    pub answer_headers: Vec<(HeaderName, Template)>,
    /// The types of body that the API takes; empty: any.
    pub bodies: Vec<BodyType>,
    /// The versions of the API that there are, as the first segment of a path names them;
    /// empty: it has none.
    pub versions: Vec<Box<str>>,
    /// What the issuer calls its scopes for people, for refusals that say it.
    pub scope_texts: Vec<(Scope, Box<str>)>,
}

/// One endpoint as a dialect serves it.
#[derive(Clone, PartialEq, Debug)]
pub struct Seat {
    /// What it answers.
    pub endpoint: Endpoint,
    /// Its path below the issuer's base.
    pub path: Box<str>,
    /// Whether a slash at the end matters.
    pub slash: Slash,
    /// The methods it answers.
    pub methods: Vec<Method>,
    /// The grants it serves; empty: all of the issuer.
    pub grants: Vec<Box<str>>,
    /// Grants that are known by name and that no client has.
    pub unheld: Vec<Box<str>>,
    /// Grants named by a URI that the issuer serves here (RFC 6749 §4.5).
    pub extensions: Vec<Box<str>>,
    /// What a request without `grant_type` means.
    pub default_grant: Option<Box<str>>,
    /// Parameters that a grant needs here beyond those it always needs, by the standard's
    /// names.
    pub required: Vec<(Box<str>, Vec<Box<str>>)>,
    /// The parameter that lists the bots of a bulk request; such a seat serves nothing
    /// else under `client_credentials`.
    pub bots: Option<Box<str>>,
    /// How its requests are read.
    pub reading: Option<Reading>,
    /// How it hands tokens over.
    pub success: Option<Answer>,
    /// How it refuses.
    pub refusals: Option<Refusals>,
    /// What those hear who may not call a token back.
    pub strangers: Strangers,
    /// What may name what is called back.
    pub named_by: Vec<NamedBy>,
}

/// What may name what a revocation endpoint calls back; a request says one of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NamedBy {
    /// A token (RFC 7009 §2.1).
    Token,
    /// A person by the name he signs in with: his sessions with the client that asks.
    Username,
}

/// What those hear at a revocation endpoint who may not call the token back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strangers {
    /// That they are no client of the issuer (RFC 7009 §2.1).
    Refused,
    /// The same as those who may; nothing happens.
    Answered,
}

/// Whether a slash at the end of a path matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Slash {
    /// The path as it is written, and no other.
    Exact,
    /// With and without.
    Both,
    /// The other one leads to the path as it is written, by a 308 that keeps method and
    /// body.
    Redirect,
}

/// How requests are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reading {
    /// What the parameters are called.
    pub names: ParameterNames,
    /// Where a client may say who it is; anything else is not looked at.
    pub client_auth: Vec<ClientAuth>,
    /// The header that holds an application's key whole; `None`: `Authorization`, behind
    /// `Bearer`.
    pub key_header: Option<HeaderName>,
    /// How id and secret are written inside the Basic header.
    pub basic: BasicCoding,
    /// What two equal client credentials in one request mean.
    pub twice_alike: TwiceAlike,
    /// What two different ones mean.
    pub twice_unlike: TwiceUnlike,
    /// The body types that are read.
    pub bodies: Vec<BodyType>,
    /// What a body without a type that is read may still be.
    pub untyped: Untyped,
    /// What a query string means.
    pub query: QueryRule,
    /// What the second of two equal names means.
    pub repeats: Repeats,
    /// What stands between two scopes of a request; any of these.
    pub scope_separators: Vec<char>,
    /// Whether scopes may come as a list: `scope[]`, or `scope` several times.
    pub scope_lists: ScopeLists,
    /// In which order a request is judged, which shows in what is refused first.
    pub order: Vec<Step>,
}

/// The wire names of what a request may say; the first one that is there counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParameterNames {
    /// RFC 6749 §4.
    pub grant_type: Vec<Box<str>>,
    /// RFC 6749 §3.3.
    pub scope: Vec<Box<str>>,
    /// RFC 6749 §2.3.1.
    pub client_id: Vec<Box<str>>,
    /// RFC 6749 §2.3.1.
    pub client_secret: Vec<Box<str>>,
    /// RFC 6749 §4.3.2.
    pub username: Vec<Box<str>>,
    /// RFC 6749 §4.3.2.
    pub password: Vec<Box<str>>,
    /// RFC 6749 §6.
    pub refresh_token: Vec<Box<str>>,
    /// RFC 7521 §4.1.
    pub assertion: Vec<Box<str>>,
    /// RFC 7521 §4.2.
    pub client_assertion: Vec<Box<str>>,
    /// RFC 7521 §4.2.
    pub client_assertion_type: Vec<Box<str>>,
    /// RFC 6749 §4.1.3.
    pub code: Vec<Box<str>>,
    /// RFC 6749 §4.1.3.
    pub redirect_uri: Vec<Box<str>>,
    /// RFC 7636 §4.5.
    pub code_verifier: Vec<Box<str>>,
    /// RFC 7009 §2.1, RFC 7662 §2.1.
    pub token: Vec<Box<str>>,
    /// RFC 7009 §2.1, RFC 7662 §2.1: read, checked for repetition, needed by nobody.
    pub token_type_hint: Vec<Box<str>>,
}

/// A place for client credentials.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// `Authorization: Basic` (`client_secret_basic`).
    Basic,
    /// Parameters (`client_secret_post`, and `none` for public clients).
    Body,
    /// A header with the application's key, which is a secret alone.
    Key,
    /// A JWT that the client signed (`private_key_jwt`, RFC 7523 §2.2), where the issuer
    /// takes assertions.
    Assertion,
}

/// How id and secret are written inside the Basic header.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BasicCoding {
    /// Each form-encoded first, as RFC 6749 §2.3.1 and appendix B say.
    FormEncoded,
    /// As they are, which many old clients do.
    Plain,
}

/// The same id and secret in the header and in the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TwiceAlike {
    /// Taken as one.
    Accept,
    /// Refused like two different ones.
    Refuse,
}

/// One client in the header and another in the body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TwiceUnlike {
    /// Refused (RFC 6749 §2.3).
    Refuse,
    /// The way that `client` names first counts, and the other is not looked at.
    First,
}

/// A type of body.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BodyType {
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `multipart/form-data` (RFC 7578).
    Multipart,
    /// `application/json`, an object of texts.
    Json,
}

/// A body of a type that is not read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Untyped {
    /// Refused.
    Refuse,
    /// Like a request without parameters.
    Empty,
    /// JSON if it begins with `{`, else like a request without parameters.
    Sniff,
}

/// A query string at a token endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueryRule {
    /// Refused, since a secret in a URL ends up in logs (RFC 6749 §2.3.1).
    Refuse,
    /// Not looked at.
    Ignore,
    /// Read by `GET`, which has no body; not looked at otherwise.
    OnGet,
    /// Read in place of the body.
    Only,
    /// Read like more of the body.
    Merge,
}

/// The second of two equal names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Repeats {
    /// Refused (RFC 6749 §3.2).
    Refuse,
    /// Not looked at.
    First,
    /// It counts, and the first does not.
    Last,
}

/// Scopes as a list of parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeLists {
    /// `scope[]` is another parameter, and a second `scope` is a repetition.
    Unread,
    /// All of them are one wish.
    Joined,
}

/// One thing that is judged about a token request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Whether credentials are well-formed and agree.
    Credential,
    /// Whether a grant is named.
    Grant,
    /// Whether it is one that is served here.
    Served,
    /// Whether it has its parameters.
    Parameters,
    /// Who asks.
    Client,
}

impl Step {
    /// An order in which every step stands once, behind those it needs: asking for its
    /// parameters asks whether a grant is served, and that whether one is named; asking
    /// who is there asks whether he said so in one voice.
    pub fn whole(said: impl IntoIterator<Item = Step>) -> Vec<Step> {
        let mut out: Vec<Step> = Vec::new();
        for step in said.into_iter().chain([Step::Parameters, Step::Client]) {
            let with: &[Step] = match step {
                Step::Credential | Step::Grant => &[],
                Step::Served => &[Step::Grant],
                Step::Parameters => &[Step::Grant, Step::Served],
                Step::Client => &[Step::Credential],
            };
            for step in with.iter().copied().chain([step]) {
                if !out.contains(&step) {
                    out.push(step);
                }
            }
        }
        out
    }
}

impl Dialect {
    /// The seat of that number, or the first for that endpoint.
    pub fn seat(&self, endpoint: Endpoint, number: usize) -> Option<&Seat> {
        let fits = |seat: &&Seat| seat.endpoint == endpoint;
        self.seats.get(number).filter(fits).or_else(|| self.seats.iter().find(fits))
    }
}

impl Dialect {
    /// What a path without a route is: nothing, or a version that there is not.
    pub fn nowhere(&self, path: &str) -> Challenge {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
        let number = first.strip_prefix('v').unwrap_or("");
        let versioned = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let known = self.versions.is_empty() || self.versions.iter().any(|version| **version == *first);
        if versioned && !known { Challenge::VersionBad } else { Challenge::NotFound }
    }
}

impl Reading {
    /// The wire names of a parameter, by the standard's name.
    pub fn spelt(&self, canonical: &str) -> &[Box<str>] {
        self.named().into_iter().find(|(_, word)| *word == canonical).map_or(&[], |(names, _)| names)
    }

    /// The standard's name of a parameter, for a name on the wire; empty for one that a
    /// caller made up.
    pub fn canonical(&self, name: &str) -> &'static str {
        let all = self.named();
        all.into_iter().find(|(names, _)| names.iter().any(|known| **known == *name)).map_or("", |(_, word)| word)
    }

    fn named(&self) -> [(&[Box<str>], &'static str); 15] {
        let names = &self.names;
        [
            (&names.grant_type, "grant_type"),
            (&names.scope, "scope"),
            (&names.client_id, "client_id"),
            (&names.client_secret, "client_secret"),
            (&names.username, "username"),
            (&names.password, "password"),
            (&names.refresh_token, "refresh_token"),
            (&names.assertion, "assertion"),
            (&names.client_assertion, "client_assertion"),
            (&names.client_assertion_type, "client_assertion_type"),
            (&names.code, "code"),
            (&names.redirect_uri, "redirect_uri"),
            (&names.code_verifier, "code_verifier"),
            (&names.token, "token"),
            (&names.token_type_hint, "token_type_hint"),
        ]
    }
}
