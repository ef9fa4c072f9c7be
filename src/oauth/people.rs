//! What an issuer says about people: how long codes live, what an application must
//! prove, who may register one. Part of the snapshot, like the issuer itself.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::clock::Seconds;
use crate::oauth::client::{GrantKind, PkceRule};
use crate::oauth::person::branding::Branding;
use crate::oauth::session::SessionSettings;
use crate::oauth::spelling::Makeup;
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// How people sign in, consent and register applications.
#[derive(Clone, Debug)]
pub struct People {
    /// How codes live and what they are bound to.
    pub code: CodeSettings,
    /// Who may register applications by the pages, and what becomes of them.
    pub applications: ApplicationRules,
    /// How long people stay signed in.
    pub session: SessionSettings,
    /// What the pages say and look like.
    pub branding: Branding,
}

/// How authorization codes live (RFC 6749 §4.1.2).
#[derive(Clone, PartialEq, Debug)]
pub struct CodeSettings {
    /// What a code looks like.
    pub makeup: Makeup,
    /// From the redirect to the end.
    pub lifetime: Seconds,
    /// What a client does that says nothing of its own.
    pub pkce: PkceRule,
    /// Whether the challenge may be the verifier itself (RFC 7636 §4.2 `plain`).
    pub plain: PlainChallenge,
    /// Whether a request has to name where it came from.
    pub redirect_uri: RedirectRule,
}

/// Whether the challenge may be the verifier itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlainChallenge {
    /// No: who sees the request could redeem the code.
    #[default]
    Refuse,
    /// Yes, as an old system did.
    Accept,
}

/// Whether a request has to say where the person is sent back to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectRule {
    /// It has to, here and at the token endpoint.
    #[default]
    Required,
    /// Left out, it is the only one that is registered (RFC 6749 §3.1.2.3).
    Optional,
}

/// Who may register applications by the pages.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ApplicationRules {
    /// Who may.
    pub register: WhoRegisters,
    /// Whether an administrator has to approve them.
    pub approval: ApprovalRule,
    /// The group whose members approve; `None`: only the command line does.
    pub admins: Option<String>,
}

/// Who may register applications.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum WhoRegisters {
    /// Nobody but the operator.
    #[default]
    Nobody,
    /// Whoever can sign in.
    Everyone,
    /// The members of a group.
    Group(String),
}

/// Whether an application that somebody registered can be used at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalRule {
    /// At once.
    #[default]
    None,
    /// When an administrator has approved it.
    Admin,
}

/// How applications register themselves (RFC 7591).
#[derive(Clone, Debug)]
pub struct Registration {
    /// Digests of the tokens that open the door; empty: it stands open.
    pub initial_access_tokens: Vec<SecretDigest>,
    /// The grants they may have.
    pub grants: Vec<GrantKind>,
    /// The most they may ask for.
    pub scopes: Scopes,
    /// Hosts of the places people are sent back to: a name, or `*.` before one; empty: any.
    pub redirect_hosts: Vec<String>,
    /// Whether an administrator has to approve them.
    pub approval: ApprovalRule,
}
