//! `users:` of an issuer, as they are written. A hash is preferred to a password, and `check`
//! says so.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::source::at::At;

/// A person.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "User")]
pub struct UserDocument {
    /// What he types to sign in.
    pub name: At<String>,
    /// What tokens call him, for ever; default the name.
    pub subject: Option<At<String>>,
    /// His password in plain text; better use `password_hash`.
    pub password: Option<At<SecretText>>,
    /// Argon2id in PHC form, as `tollgate hash-password` prints it.
    pub password_hash: Option<At<SecretText>>,
    /// Refused like an unknown one.
    pub disabled: Option<At<bool>>,
    /// The scopes he may pass on; default all of the issuer.
    pub scopes: Option<At<OneOrMany>>,
    /// What the backend itself knows him by; sent where a route's `user_token` says.
    pub backend_token: Option<At<SecretText>>,
    /// Further facts, such as `email`.
    #[serde(default)]
    pub fields: Named<String>,
}
