//! `forward:` of a route or of the defaults, as it is written. What is given here is set by
//! the gateway alone: the same names are removed from whatever a caller sends.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::secret::SecretText;
use crate::config::document::shape::ShapeDocument;
use crate::config::source::at::At;

/// What is told to the backend.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Forward")]
pub struct ForwardDocument {
    /// Identity headers: text with {sub}, {client_id}, {scope}, {claims.NAME}, {path.NAME},
    /// {host}, {method}, {remote_addr}, {request_id}. The same names are removed from every
    /// request that comes in.
    #[serde(default)]
    pub headers: Named<At<String>>,
    /// Headers with fixed values, such as the backend's own password.
    #[serde(default)]
    pub set: Named<At<SecretText>>,
    /// Header lines set beside those of the caller: text with the same references.
    #[serde(default)]
    pub add: Named<At<String>>,
    /// Header lines of the caller that do not go on.
    #[serde(default)]
    pub remove: OneOrMany,
    /// Whether the caller's token goes on to the backend; default strip.
    pub authorization: Option<At<AuthorizationName>>,
    /// A token of the backend's own kind, made for each request and sent as bearer.
    pub mint: Option<At<MintDocument>>,
    /// Where the backend's own token of a user goes, who has one as `backend_token`.
    pub user_token: Option<At<UserTokenDocument>>,
    /// Removed from the front of the path.
    pub strip_prefix: Option<At<String>>,
}

/// What becomes of the caller's `Authorization`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AuthorizationName {
    /// Removed.
    Strip,
    /// Sent on.
    Keep,
}

/// Where the backend's own token of a user goes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "UserToken")]
pub struct UserTokenDocument {
    /// The header; default Authorization.
    pub header: Option<At<String>>,
    /// What stands before the token; default Bearer in Authorization, else nothing.
    pub scheme: Option<At<String>>,
}

/// A JWT that the backend believes, signed with the secret it knows (HS256).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Mint")]
pub struct MintDocument {
    /// The backend's secret, at least 32 bytes.
    pub secret: At<SecretText>,
    /// How long each lives; default 5m.
    pub lifetime: Option<At<TimeSpan>>,
    /// Its claims, in order.
    pub claims: At<ShapeDocument>,
}
