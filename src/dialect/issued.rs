//! What an endpoint found out or made, before it is spelled. Free of wire names, so
//! that a dialect can write it as it likes; secrets are `Secret` until the last step.

use crate::clock::{Seconds, UnixTime};
use crate::token::id::{ClientId, Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// The tokens of one successful token request (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct Issued {
    /// The access token.
    pub access: Secret,
    /// How long it lives from now.
    pub expires_in: Seconds,
    /// The refresh token, where one was made or goes on.
    pub refresh: Option<Secret>,
    /// What was granted; always told.
    pub scope: Scopes,
}

/// What introspection may tell of a live token (RFC 7662 §2.2).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActiveToken {
    /// Access or refresh.
    pub kind: TokenKind,
    /// What it allows.
    pub scope: Scopes,
    /// Whom it was issued to.
    pub client: ClientId,
    /// The name its user signs in with, where it is known.
    pub username: Option<UserName>,
    /// When it ends.
    pub expires: Option<UnixTime>,
    /// When it was issued.
    pub issued: Option<UnixTime>,
    /// Whose token.
    pub subject: Subject,
    /// Whom it is for.
    pub audience: Vec<String>,
    /// `iss`.
    pub issuer: String,
    /// `jti`, where it has one.
    pub id: Option<String>,
}

/// The two kinds of token an issuer gives out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// Presented to the API.
    Access,
    /// Presented to the token endpoint.
    Refresh,
}
