//! The endpoints an issuer may serve, by kind. Where each stands, and whether it is
//! served at all, is the dialect's to say; what it answers is `oauth`'s.

use schemars::JsonSchema;
use serde::Deserialize;

/// An endpoint of one of our issuers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndpointRef {
    /// Index in the snapshot's issuers.
    pub issuer: usize,
    /// Which of its endpoints.
    pub endpoint: Endpoint,
    /// Number of the seat in the issuer's dialect.
    pub seat: usize,
}

/// The endpoints an issuer serves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7009.
    Revoke,
    /// RFC 7662.
    Introspect,
    /// RFC 7517 §5.
    Jwks,
    /// RFC 8414 §3.
    Metadata,
    /// What the bearer of a token may know of it.
    Info,
    /// RFC 6749 §3.1.
    Authorize,
    /// OpenID Connect Core §5.3.
    UserInfo,
    /// OpenID Connect Discovery §4.
    OpenidConfiguration,
    /// OpenID Connect RP-Initiated Logout §2.
    EndSession,
    /// RFC 7591 §3.
    Register,
    /// RFC 7592 §2, one path below for each client.
    RegisteredClient,
    /// Where everything that a person sees of himself begins.
    Account,
    /// Where a person signs in.
    SignIn,
    /// Where a person signs out.
    SignOut,
    /// Where a person agrees to what an application asks.
    Consent,
    /// Where developers register applications, and all below.
    Applications,
    /// Where a person sees what applications may do in his name, and all below.
    Authorized,
    /// Where a person is signed in.
    Sessions,
    /// Style sheets and the like of the pages, and all below.
    Assets,
}

/// Which paths an endpoint answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Its own.
    Path,
    /// Those one segment below its own.
    Child,
    /// Its own and all below.
    Below,
}

/// Who needs an endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Every issuer.
    Always,
    /// One that people sign in to.
    People,
    /// One that people sign in to and that serves OpenID Connect.
    Openid,
    /// One where applications register themselves.
    Registration,
}

impl Endpoint {
    /// Which paths it answers.
    pub fn reach(self) -> Reach {
        match self {
            Endpoint::RegisteredClient => Reach::Child,
            Endpoint::Applications | Endpoint::Authorized | Endpoint::Sessions | Endpoint::Assets => Reach::Below,
            Endpoint::Token
            | Endpoint::Revoke
            | Endpoint::Introspect
            | Endpoint::Jwks
            | Endpoint::Metadata
            | Endpoint::Info
            | Endpoint::Authorize
            | Endpoint::UserInfo
            | Endpoint::OpenidConfiguration
            | Endpoint::EndSession
            | Endpoint::Register
            | Endpoint::Account
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Consent => Reach::Path,
        }
    }

    /// Who needs it.
    pub fn need(self) -> Need {
        match self {
            Endpoint::Token
            | Endpoint::Revoke
            | Endpoint::Introspect
            | Endpoint::Jwks
            | Endpoint::Metadata
            | Endpoint::Info => Need::Always,
            Endpoint::UserInfo | Endpoint::OpenidConfiguration | Endpoint::EndSession => Need::Openid,
            Endpoint::Register | Endpoint::RegisteredClient => Need::Registration,
            Endpoint::Authorize
            | Endpoint::Account
            | Endpoint::SignIn
            | Endpoint::SignOut
            | Endpoint::Consent
            | Endpoint::Applications
            | Endpoint::Authorized
            | Endpoint::Sessions
            | Endpoint::Assets => Need::People,
        }
    }

    /// The word in messages, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Endpoint::Token => "token",
            Endpoint::Revoke => "revoke",
            Endpoint::Introspect => "introspect",
            Endpoint::Jwks => "jwks",
            Endpoint::Metadata => "metadata",
            Endpoint::Info => "info",
            Endpoint::Authorize => "authorize",
            Endpoint::UserInfo => "userinfo",
            Endpoint::OpenidConfiguration => "openid_configuration",
            Endpoint::EndSession => "end_session",
            Endpoint::Register => "register",
            Endpoint::RegisteredClient => "registered_client",
            Endpoint::Account => "account",
            Endpoint::SignIn => "sign_in",
            Endpoint::SignOut => "sign_out",
            Endpoint::Consent => "consent",
            Endpoint::Applications => "applications",
            Endpoint::Authorized => "authorized",
            Endpoint::Sessions => "sessions",
            Endpoint::Assets => "assets",
        }
    }
}
