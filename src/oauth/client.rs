//! A client as the issuer knows it, from the file or from the store. Machine
//! secrets are random, so they are kept as plain digests and cost microseconds.

use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::dialect::request::JWT_BEARER;
use crate::oauth::redirect::RedirectUri;
use crate::token::id::{ClientId, Subject};
use crate::token::ring::KeyRing;
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// How many secrets of one client may be live at once: the old and the new.
pub const LIVE_SECRETS: usize = 2;

/// A registered client (RFC 6749 §2).
#[derive(Clone, Debug)]
pub struct Client {
    /// Its identifier.
    pub id: ClientId,
    /// For people.
    pub display_name: Option<String>,
    /// At most `LIVE_SECRETS`; none makes it a public client (RFC 6749 §2.1).
    pub secrets: Vec<ClientSecret>,
    /// Public keys by which it signs assertions about itself (RFC 7523 §2.2).
    pub keys: Option<Arc<KeyRing>>,
    /// The grants it may use.
    pub grants: Vec<GrantKind>,
    /// The most it may ask for.
    pub scopes: Scopes,
    /// Identities of its own that it may get tokens for.
    pub bots: Vec<Bot>,
    /// Further facts that dialects may speak of.
    pub fields: BTreeMap<String, String>,
    /// Whether it may put secrets in URLs, where the dialect reads them there.
    pub secrets_in_url: UrlSecrets,
    /// How it sends people here, where it does.
    pub application: Application,
    /// Refused like an unknown one.
    pub disabled: bool,
    /// Said by the operator's file, or kept in the store.
    pub origin: Origin,
}

/// What only matters for a client that sends people here (RFC 6749 §4.1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Application {
    /// What it is for, in its developer's words.
    pub description: Option<String>,
    /// Where people may be sent back to (RFC 6749 §3.1.2).
    pub redirect_uris: Vec<RedirectUri>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether it must prove that it began the request; `None`: as the issuer says.
    pub pkce: Option<PkceRule>,
    /// Whether people are asked.
    pub consent: ConsentRule,
    /// Who registered it, where a person did.
    pub owner: Option<Subject>,
    /// Whether it may be used yet.
    pub approval: Approval,
}

/// Whether a client has to use PKCE (RFC 7636).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PkceRule {
    /// A request without a challenge is refused.
    #[default]
    Required,
    /// It may leave it out; once a challenge was sent, it is enforced.
    Optional,
}

/// Whether people are asked before an application acts for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConsentRule {
    /// They are.
    #[default]
    Ask,
    /// They are not: the application is the operator's own.
    Skip,
}

/// Whether somebody who may has approved an application.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Approval {
    /// It may be used.
    #[default]
    Approved,
    /// It waits for an administrator, and is refused until then.
    Waiting,
}

impl Client {
    /// What people know it by.
    pub fn shown(&self) -> &str {
        self.display_name.as_deref().unwrap_or_else(|| self.id.as_str())
    }

    /// Whether it can keep a secret (RFC 6749 §2.1).
    pub fn is_confidential(&self) -> bool {
        !self.secrets.is_empty()
    }

    /// Whether it is refused like an unknown one.
    pub fn is_refused(&self) -> bool {
        self.disabled || self.application.approval == Approval::Waiting
    }
}

/// An identity that belongs to a client, such as a program that posts under a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bot {
    /// Its public id.
    pub id: Subject,
    /// What its tokens allow.
    pub scopes: Scopes,
    /// Further facts that dialects may speak of.
    pub fields: BTreeMap<String, String>,
}

/// Secrets in URLs, where old dialects read them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UrlSecrets {
    /// Served, with a warning.
    #[default]
    Served,
    /// Refused like a bad client.
    Refused,
}

impl UrlSecrets {
    /// The word of the file and of the store.
    pub fn as_str(self) -> &'static str {
        match self {
            UrlSecrets::Served => "served",
            UrlSecrets::Refused => "refused",
        }
    }

    /// The choice of that word.
    pub fn parse(word: &str) -> Option<UrlSecrets> {
        [UrlSecrets::Served, UrlSecrets::Refused].into_iter().find(|choice| choice.as_str() == word)
    }
}

/// One live secret.
#[derive(Clone, Debug)]
pub struct ClientSecret {
    /// What is kept of it.
    pub digest: SecretDigest,
    /// 0 or 1: which of the two, for the record of its last use.
    pub slot: u8,
}

/// Where a client or user was defined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The YAML file; changed only there.
    File,
    /// The store; changed by the command line.
    Store,
}

/// The grants by name, as `grants:` and `grant_type` spell them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum GrantKind {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.3.
    Password,
    /// RFC 6749 §6: refresh tokens are issued to, and taken from, this client.
    RefreshToken,
    /// RFC 7523 §2.1: somebody who is trusted vouches for a person.
    JwtBearer,
    /// RFC 6749 §4.1: it sends people here and gets a code for each.
    AuthorizationCode,
}

impl GrantKind {
    /// Every grant this server knows.
    pub const ALL: [GrantKind; 5] = [
        GrantKind::ClientCredentials,
        GrantKind::Password,
        GrantKind::RefreshToken,
        GrantKind::AuthorizationCode,
        GrantKind::JwtBearer,
    ];

    /// The word on the wire and in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            GrantKind::ClientCredentials => "client_credentials",
            GrantKind::Password => "password",
            GrantKind::RefreshToken => "refresh_token",
            GrantKind::JwtBearer => JWT_BEARER,
            GrantKind::AuthorizationCode => "authorization_code",
        }
    }

    /// The grant of that word.
    pub fn parse(word: &str) -> Option<GrantKind> {
        GrantKind::ALL.into_iter().find(|g| g.as_str() == word)
    }
}
