//! `people:` and `registration:` of an issuer, as they are written: how codes live, and
//! who may register applications.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::TimeSpan;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::page::{BrandingDocument, SessionDocument};
use crate::config::document::secret::SecretText;
use crate::config::document::token::MakeupDocument;
use crate::config::source::at::At;
use crate::oauth::client::PkceRule;
use crate::oauth::people::{ApprovalRule, PlainChallenge, RedirectRule};

/// How people sign in, consent and register applications. Written, or implied by a client
/// with the grant authorization_code, it makes the issuer serve its pages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "People")]
pub struct PeopleDocument {
    /// How authorization codes live.
    pub code: Option<At<CodeDocument>>,
    /// Who may register applications by the pages.
    pub applications: Option<At<ApplicationsDocument>>,
    /// How long people stay signed in.
    pub session: Option<At<SessionDocument>>,
    /// What the pages say and look like.
    pub branding: Option<At<BrandingDocument>>,
}

/// How authorization codes live.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Code")]
pub struct CodeDocument {
    /// Default 60s, at most 10m.
    pub lifetime: Option<At<TimeSpan>>,
    /// Whether clients with a secret have to use PKCE; default required.
    pub pkce: Option<At<PkceRule>>,
    /// Whether a PKCE challenge may be the verifier itself; default refuse.
    pub plain: Option<At<PlainChallenge>>,
    /// Whether a request has to name its redirect URI; default required.
    pub redirect_uri: Option<At<RedirectRule>>,
    /// What codes look like; default the standard's.
    pub spelling: Option<At<MakeupDocument>>,
}

/// Who may register applications by the pages.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Applications")]
pub struct ApplicationsDocument {
    /// nobody (default), everyone who can sign in, or group.
    pub register: Option<At<RegisterName>>,
    /// The group whose members may; a user's groups stand in his field `groups`.
    pub group: Option<At<String>>,
    /// Whether an administrator has to approve them; default none.
    pub approval: Option<At<ApprovalRule>>,
    /// The group whose members approve; default only the command line does.
    pub admins: Option<At<String>>,
}

/// Who may register applications.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RegisterName {
    /// Nobody but the operator.
    Nobody,
    /// Whoever can sign in.
    Everyone,
    /// The members of `group`.
    Group,
}

/// How applications register themselves (RFC 7591 and 7592).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Registration")]
pub struct RegistrationDocument {
    /// What opens the door: a token, or several.
    pub initial_access_tokens: Option<At<Vec<At<SecretText>>>>,
    /// The door stands open; default false.
    pub open: Option<At<bool>>,
    /// The grants they may have; default authorization_code and refresh_token.
    pub grants: Option<At<OneOrMany>>,
    /// The most they may ask for; default all of the issuer.
    pub scopes: Option<At<OneOrMany>>,
    /// Hosts that people may be sent back to, such as app.example or *.example; default any.
    pub redirect_hosts: Option<At<OneOrMany>>,
    /// Whether an administrator has to approve them; default none.
    pub approval: Option<At<ApprovalRule>>,
}
