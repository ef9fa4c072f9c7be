//! One issuer of ours as the operator said it: where it answers, what its tokens
//! are, who its clients and users are. Part of the snapshot; never changes while a
//! request looks at it. Keys are state and live in the key ring beside it.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Seconds;
use crate::dialect::Dialect;
use crate::oauth::client::{Client, GrantKind};
use crate::oauth::people::{People, RedirectRule, Registration};
use crate::oauth::spelling::Spelling;
use crate::oauth::user::User;
use crate::token::claim_names::{ClaimNames, Subjects};
use crate::token::id::{ClientId, IssuerName, UserName};
use crate::token::key::{Algorithm, KeyMaterial};
use crate::token::ring::KeyRing;
use crate::token::scope::{Scope, Scopes};

/// The scope that makes a request one of OpenID Connect (Core §3.1.2.1).
pub const OPENID: &str = "openid";

/// An authorization server of ours.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// Its key in the file.
    pub name: IssuerName,
    /// Index of its token profile and of its key ring.
    pub profile: usize,
    /// `iss`, exactly as clients compare it.
    pub url: String,
    /// Path below which its endpoints stand, such as `/oauth2`; not part of `iss`.
    pub base: String,
    /// How it speaks.
    pub dialect: Arc<Dialect>,
    /// How access tokens are made.
    pub token: TokenSettings,
    /// How refresh tokens live.
    pub refresh: RefreshSettings,
    /// Signing keys: made by us or given.
    pub keys: KeySettings,
    /// Every scope that can be asked for, with its text for people, in order.
    pub catalogue: Vec<(Scope, String)>,
    /// What a request without `scope` gets, cut to what the client may have;
    /// `None`: all the client may have.
    pub default_scopes: Option<Scopes>,
    /// How names of scopes are understood.
    pub scope_rules: ScopeRules,
    /// Clients of the file.
    pub clients: HashMap<ClientId, Arc<Client>>,
    /// Users of the file.
    pub users: HashMap<UserName, Arc<User>>,
    /// Make a client at start when there is none.
    pub generate_client: Option<GenerateClient>,
    /// Origins that may read the endpoints from a browser; never with credentials.
    pub cors_origins: Vec<String>,
    /// Bounds on tries.
    pub throttle: ThrottleSettings,
    /// Which JWTs of others are believed (RFC 7523); `None`: none.
    pub assertions: Option<AssertionSettings>,
    /// How people sign in, consent and register applications; `None`: they do not.
    pub people: Option<People>,
    /// How applications register themselves (RFC 7591); `None`: they do not.
    pub registration: Option<Registration>,
}

/// Which JWTs of others are believed (RFC 7523 §3).
#[derive(Clone, Debug)]
pub struct AssertionSettings {
    /// Who may vouch for people.
    pub trusted: Vec<TrustedIssuer>,
    /// One of these must be in `aud`.
    pub audience: Vec<String>,
    /// The farthest that `exp` may be away; how long an id is remembered.
    pub max_lifetime: Seconds,
    /// How far other clocks may be off.
    pub leeway: Seconds,
}

/// Somebody who may vouch for people.
#[derive(Clone, Debug)]
pub struct TrustedIssuer {
    /// Its `iss`, compared byte by byte.
    pub name: Box<str>,
    /// Its public keys.
    pub keys: Arc<KeyRing>,
}

impl Issuer {
    /// Whether OpenID Connect stands on top: people sign in, and `openid` can be asked for.
    pub fn serves_openid(&self) -> bool {
        self.people.is_some() && self.catalogue.iter().any(|(scope, _)| scope.as_str() == OPENID)
    }

    /// What people are told a scope means. A scope that another holds may have no words
    /// of its own.
    pub fn words<'a>(&'a self, scope: &'a Scope) -> &'a str {
        self.catalogue.iter().find(|(known, _)| known == scope).map_or(scope.as_str(), |(_, text)| text)
    }

    /// Whether requests may leave out where the person is sent back to.
    pub fn redirect_uri_is_optional(&self) -> bool {
        self.people.as_ref().is_some_and(|people| people.code.redirect_uri == RedirectRule::Optional)
    }

    /// Under which name the store keeps the keys of its refresh tokens; no issuer can
    /// be called so.
    pub fn refresh_keys_name(&self) -> IssuerName {
        IssuerName::new(format!("{}/refresh", self.name))
    }

    /// Its keys, each with the name under which the store keeps them.
    pub fn key_settings(&self) -> impl Iterator<Item = (IssuerName, &KeySettings)> {
        let access = std::iter::once((self.name.clone(), &self.keys));
        access.chain(self.refresh.keys.iter().map(|keys| (self.refresh_keys_name(), keys)))
    }
}

/// How access tokens are made.
#[derive(Clone, Debug, Default)]
pub struct TokenSettings {
    /// Self-contained or a reference.
    pub format: TokenFormat,
    /// `exp` − `iat`; `None`: without end, which takes a row in the store.
    pub lifetime: Option<Seconds>,
    /// `aud`; RFC 9068 asks for at least one.
    pub audience: Vec<String>,
    /// What both kinds of token look like.
    pub spelling: Spelling,
    /// Where JWTs say whose they are.
    pub claims: ClaimNames,
    /// What a revocation of one token takes with it.
    pub revoke: RevokeScope,
    /// Who may call a token back.
    pub revoke_by: RevokeBy,
    /// What the same wish gets while its token lives.
    pub reuse: TokenReuse,
    /// What a subject is that is not the client.
    pub subjects: Subjects,
}

/// Who may call a token back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevokeBy {
    /// The client it was issued to (RFC 7009 §2.1).
    #[default]
    Client,
    /// Also whoever bears it, or a token of the same family.
    Bearer,
}

/// What the same wish of the same client gets while the token it got before lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenReuse {
    /// A new token.
    #[default]
    Never,
    /// The same token with the rest of its time: opaque ones, kept sealed under a key
    /// that only the client's secret gives.
    Live,
}

/// What a revocation of one access token takes with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevokeScope {
    /// Nothing else.
    #[default]
    Token,
    /// Its whole family.
    Family,
}

/// How names of scopes are understood.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScopeRules {
    /// Other names of a scope.
    pub aliases: Vec<(Box<str>, Scope)>,
    /// Words that mean all that may be had.
    pub wildcards: Vec<Box<str>>,
    /// A scope that cannot be granted.
    pub unknown: UnknownScope,
    /// A wish of which nothing is left.
    pub nothing_left: NothingLeft,
    /// The order of what is granted.
    pub order: ScopeOrder,
    /// What a scope holds besides itself; it is not granted beside what holds it.
    pub implies: Vec<(Scope, Scopes)>,
}

/// A scope in a wish that cannot be granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnknownScope {
    /// The whole wish is refused.
    #[default]
    Refuse,
    /// The others are granted.
    Drop,
}

/// A wish of which nothing is left.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NothingLeft {
    /// Refused.
    #[default]
    Refuse,
    /// A token without scopes.
    Grant,
}

/// The order of what is granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScopeOrder {
    /// As it was asked for.
    #[default]
    Asked,
    /// As the client may have it, commonly that of the catalogue.
    Catalogue,
}

impl ScopeRules {
    /// Whether `held` is `asked`, or holds it.
    pub fn holds(&self, held: &Scope, asked: &Scope) -> bool {
        held == asked || self.implies.iter().any(|(scope, within)| scope == held && within.contains(asked))
    }
}

/// The two spellings of an access token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TokenFormat {
    /// A JWS with RFC 9068 claims.
    #[default]
    Jwt,
    /// A random string whose claims are a store row.
    Opaque,
}

/// How refresh tokens live.
#[derive(Clone, Debug, Default)]
pub struct RefreshSettings {
    /// From the first sign-in to the end of the family; `None`: no end.
    pub lifetime: Option<Seconds>,
    /// From one use to the next; `None`: no bound.
    pub idle: Option<Seconds>,
    /// A new one at every use.
    pub rotate: bool,
    /// How long the direct parent gets the same answer again (design rule: until the
    /// first use of the child).
    pub grace: Seconds,
    /// What a new sign-in does to those before.
    pub sessions: Sessions,
    /// What a refresh does to the access token before.
    pub before: AccessBefore,
    /// Keys of refresh tokens that are JWTs; never those of access tokens.
    pub keys: Option<KeySettings>,
    /// Whether clients without a user, and their bots, get refresh tokens.
    pub machines: MachineRefresh,
}

/// What a new sign-in of a person does to his sign-ins before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sessions {
    /// Nothing.
    #[default]
    Many,
    /// Their refresh tokens are refused from then on; nothing else dies.
    OnePerUser,
}

/// What a refresh does to the access token before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessBefore {
    /// It lives to its end.
    #[default]
    Lives,
    /// It dies with the refresh token it came with, where the store knows it.
    Dies,
}

/// Whether clients without a user, and their bots, get refresh tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MachineRefresh {
    /// No.
    #[default]
    Never,
    /// Yes.
    Issued,
}

/// Where signing keys come from.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// What they sign with.
    pub algorithm: Algorithm,
    /// Given by the operator; `None`: made at first start and kept in the store.
    pub given: Option<KeyMaterial>,
    /// A new key after so long; `None`: only by `tollgate keys rotate`.
    pub rotate: Option<Seconds>,
    /// How long a new key is published before it signs.
    pub publish_ahead: Seconds,
    /// How long an old key verifies after it stopped signing.
    pub keep_verifying: Seconds,
}

/// What a generated client gets.
#[derive(Clone, Debug)]
pub struct GenerateClient {
    /// `false`: a new one at every boot, nothing stored.
    pub keep: bool,
    /// Its grants.
    pub grants: Vec<GrantKind>,
    /// Its scopes.
    pub scopes: Scopes,
    /// What its secret looks like.
    pub secret: SecretForm,
}

/// What a generated secret looks like.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretForm {
    /// 256 random bits behind a prefix of ours.
    #[default]
    Standard,
    /// A random UUID (122 random bits), as some old systems have it.
    Uuid,
}

/// Bounds on tries. Nobody can lock another out: failures delay a pair.
#[derive(Clone, Debug)]
pub struct ThrottleSettings {
    /// Requests a second to the token endpoints, per address.
    pub per_address: u32,
    /// Failures of one (address, user) or (address, client) pair that are free …
    pub free_failures: u32,
    /// … within this window.
    pub within: Seconds,
}
