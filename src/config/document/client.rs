//! `clients:` of an issuer, as they are written. Secrets are one of three keys, and `compile`
//! sees to it that exactly one is used.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::assertion::KeySetDocument;
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::source::at::At;
use crate::oauth::client::{ConsentRule, PkceRule, UrlSecrets};

/// An application (RFC 6749 section 2).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Client")]
pub struct ClientDocument {
    /// Its client_id.
    pub id: At<String>,
    /// For people.
    pub name: Option<String>,
    /// Its secret.
    pub secret: Option<At<SecretText>>,
    /// Its secrets while one is being replaced: at most two.
    pub secrets: Option<At<Vec<At<SecretText>>>>,
    /// The SHA-256 of its secret, 64 hexadecimal digits.
    pub secret_hash: Option<At<SecretText>>,
    /// It has no secret, such as an app on a phone.
    pub public: Option<At<bool>>,
    /// Public keys by which it signs assertions (private_key_jwt), beside a secret or alone.
    pub jwks: Option<At<KeySetDocument>>,
    /// authorization_code, client_credentials, password, refresh_token, or the URN of
    /// RFC 7523's jwt-bearer.
    pub grants: Option<At<OneOrMany>>,
    /// The most it may ask for; default all of the issuer.
    pub scopes: Option<At<OneOrMany>>,
    /// What it is for, in a sentence for people.
    pub description: Option<String>,
    /// Where people may be sent back to, compared byte by byte; of a loopback address
    /// the port is free.
    pub redirect_uris: Option<At<OneOrMany>>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Option<At<OneOrMany>>,
    /// Whether it has to use PKCE; default as the issuer says, required without a secret.
    pub pkce: Option<At<PkceRule>>,
    /// ask (default), or skip for an application of your own.
    pub consent: Option<At<ConsentRule>>,
    /// Identities of its own that it may get tokens for.
    pub bots: Option<At<Vec<At<BotDocument>>>>,
    /// Whether it may put secrets in URLs, where its dialect reads them there; default
    /// served.
    pub secrets_in_url: Option<At<UrlSecrets>>,
    /// Further facts, which dialects may speak of.
    #[serde(default)]
    pub fields: Named<String>,
    /// Refused like an unknown one.
    pub disabled: Option<At<bool>>,
}

/// An identity that belongs to a client.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Bot")]
pub struct BotDocument {
    /// Its public id.
    pub id: At<String>,
    /// What its tokens allow; default all the client may have.
    pub scopes: Option<At<OneOrMany>>,
    /// Further facts, which dialects may speak of.
    #[serde(default)]
    pub fields: Named<String>,
}
