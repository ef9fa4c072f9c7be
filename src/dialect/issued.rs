//! What an endpoint found out or made, before it is spelled. Free of wire names, so
//! that a dialect can write it as it likes; secrets are `Secret` until the last step.

use crate::clock::{Seconds, UnixTime};
use crate::dialect::fact::{Fact, Facts};
use crate::token::id::{ClientId, FamilyId, Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// The tokens of one successful token request (RFC 6749 §5.1).
#[derive(Clone, Debug)]
pub struct Issued {
    /// The access token.
    pub access: Secret,
    /// From when.
    pub issued: UnixTime,
    /// The moment it is told.
    pub told: UnixTime,
    /// Made for this answer, or given before.
    pub making: Making,
    /// How long it lives from then; `None`: without end.
    pub expires_in: Option<Seconds>,
    /// The refresh token, where one was made or goes on.
    pub refresh: Option<Secret>,
    /// The ID token, where `openid` was granted.
    pub id_token: Option<Secret>,
    /// What was granted; always told.
    pub scope: Scopes,
    /// Whom it is about, for dialects that tell.
    pub party: Party,
}

/// Whether a token was made for the answer it stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Making {
    /// It was.
    New,
    /// It was given before, and lives.
    Known,
}

/// Whom a token is about, as named facts: `client.id`, `user.name`, `bot.id` and the
/// fields that the operator gave them.
#[derive(Clone, Debug, Default)]
pub struct Party(pub Vec<(String, Fact)>);

impl Party {
    /// The fact of that name.
    pub fn fact(&self, name: &str) -> Fact {
        self.0.iter().find(|(known, _)| known == name).map_or(Fact::Nothing, |(_, fact)| fact.clone())
    }

    /// Adds a fact.
    pub fn add(&mut self, name: impl Into<String>, fact: Fact) {
        self.0.push((name.into(), fact));
    }
}

impl Facts for Issued {
    fn fact(&self, name: &str) -> Fact {
        match name {
            "access_token" => Fact::Text(self.access.expose().to_owned()),
            "refresh_token" => Fact::maybe(self.refresh.as_ref().map(Secret::expose)),
            "id_token" => Fact::maybe(self.id_token.as_ref().map(Secret::expose)),
            "expires_in" => self.expires_in.map_or(Fact::Nothing, |span| Fact::Number(span.0)),
            "issued_at" => Fact::Time(self.issued),
            "expires_at" => self.expires_in.map_or(Fact::Nothing, |span| Fact::Time(self.issued.after(span))),
            "scope" => Fact::Text(self.scope.to_string()),
            "scopes" => names(&self.scope),
            _ => self.party.fact(name),
        }
    }

    fn now(&self) -> UnixTime {
        self.told
    }
}

/// Scopes as a list.
pub fn names(scopes: &Scopes) -> Fact {
    Fact::List(scopes.iter().map(|scope| scope.as_str().to_owned()).collect())
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
    /// The grant it descends from, where that is known.
    pub family: Option<FamilyId>,
}

/// The two kinds of token an issuer gives out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenKind {
    /// Presented to the API.
    Access,
    /// Presented to the token endpoint.
    Refresh,
}
