//! What the tokens of an issuer look like, as it is written: texts of an old system's
//! alphabet, or JWTs with its own claims. Left out, they are the standard's.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::document::duration::SpanOrNever;
use crate::config::document::issuer::{FormatName, KeysDocument};
use crate::config::document::named::Named;
use crate::config::document::one_or_many::OneOrMany;
use crate::config::document::shape::ShapeDocument;
use crate::config::source::at::At;
use crate::oauth::issuer::{
    AccessBefore, MachineRefresh, NothingLeft, RevokeBy, RevokeScope, ScopeOrder, Sessions, TokenReuse, UnknownScope,
};
use crate::token::claim_names::Subjects;

/// How access tokens are made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Token")]
pub struct TokenDocument {
    /// Self-contained or a reference; default jwt.
    pub format: Option<At<FormatName>>,
    /// Default 10m; never only where the tokens are of an old system's make-up.
    pub lifetime: Option<At<SpanOrNever>>,
    /// The `aud` of its tokens; default the url.
    pub audience: Option<At<OneOrMany>>,
    /// What access tokens look like; default the standard's.
    pub access: Option<At<MakeupDocument>>,
    /// What refresh tokens look like; default the standard's.
    pub refresh: Option<At<MakeupDocument>>,
    /// Where JWTs say whose they are; default as RFC 9068.
    pub claims: Option<At<ClaimNamesDocument>>,
    /// What a revocation of an access token takes with it; default token.
    pub revoke: Option<At<RevokeScope>>,
    /// Who may call a token back; default client.
    pub revoke_by: Option<At<RevokeBy>>,
    /// What a subject is that is not the client; default people.
    pub subjects: Option<At<Subjects>>,
    /// What the same wish gets while its token lives; default never the same.
    pub reuse: Option<At<TokenReuse>>,
}

/// What one kind of token looks like: exactly one key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Makeup")]
pub struct MakeupDocument {
    /// So many random bytes in hexadecimal digits.
    pub hex: Option<At<u64>>,
    /// So many random letters and digits.
    pub base62: Option<At<u64>>,
    /// Base64url of so many random bytes in hexadecimal digits.
    pub base64_of_hex: Option<At<u64>>,
    /// A JWT.
    pub jwt: Option<At<JwtDocument>>,
}

/// A JWT.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Jwt")]
pub struct JwtDocument {
    /// `typ`; default JWT.
    pub typ: Option<At<String>>,
    /// Members of the header behind `typ` and `alg`, in order.
    pub header: Option<At<ShapeDocument>>,
    /// Its id, for {token_id}; default random.
    pub id: Option<At<String>>,
    /// Its claims, in order.
    pub claims: At<ShapeDocument>,
}

/// Where JWTs say whose they are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ClaimNames")]
pub struct ClaimNamesDocument {
    /// The claim that names the subject; default sub.
    pub subject: Option<At<String>>,
    /// The claim that names the client; default client_id.
    pub client: Option<At<String>>,
    /// The claim with the scopes; default scope.
    pub scope: Option<At<String>>,
    /// The characters between two scopes of a text; default a blank.
    pub scope_separators: Option<At<String>>,
    /// What `iss` may be: these, or `any`; default the url.
    pub issuer: Option<At<OneOrMany>>,
    /// The `typ` headers that are taken; default at+jwt.
    pub types: Option<At<OneOrMany>>,
    /// Claims that have to be there; default those of RFC 9068.
    pub require: Option<At<OneOrMany>>,
}

/// How refresh tokens live.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Refresh")]
pub struct RefreshDocument {
    /// From the sign-in to the end; default 30d, or never.
    pub lifetime: Option<At<SpanOrNever>>,
    /// From one use to the next; default 7d, or never.
    pub idle: Option<At<SpanOrNever>>,
    /// A new one at every use; default true.
    pub rotate: Option<At<bool>>,
    /// How long a repeated refresh gets the same answer; default 10s.
    pub grace: Option<At<crate::config::document::duration::TimeSpan>>,
    /// What a new sign-in does to those before; default many.
    pub sessions: Option<At<Sessions>>,
    /// What a refresh does to the access token before; default lives.
    pub before: Option<At<AccessBefore>>,
    /// Whether clients without a user, and bots, get them; default never.
    pub machines: Option<At<MachineRefresh>>,
    /// What refresh tokens that are JWTs are signed with.
    pub keys: Option<At<KeysDocument>>,
}

/// How names of scopes are understood.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ScopeRules")]
pub struct ScopeRulesDocument {
    /// Other names of scopes.
    #[serde(default)]
    pub aliases: Named<At<String>>,
    /// Words that mean all that may be had.
    pub wildcards: Option<At<OneOrMany>>,
    /// A scope that cannot be granted; default refuse.
    pub unknown: Option<At<UnknownScope>>,
    /// A wish of which nothing is left; default refuse.
    pub nothing_left: Option<At<NothingLeft>>,
    /// The order of what is granted; default asked.
    pub order: Option<At<ScopeOrder>>,
    /// What a scope holds besides itself.
    #[serde(default)]
    pub implies: Named<At<OneOrMany>>,
}
