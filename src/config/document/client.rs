//! `clients:` of an issuer, as they are written. Secrets are one of three keys, and `compile`
//! sees to it that exactly one is used.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::source::at::At;

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
    /// client_credentials, password, refresh_token.
    pub grants: Option<At<OneOrMany>>,
    /// The most it may ask for; default all of the issuer.
    pub scopes: Option<At<OneOrMany>>,
    /// Refused like an unknown one.
    pub disabled: Option<At<bool>>,
}
