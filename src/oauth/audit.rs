//! What an auditor must be able to read later: who got, was refused or lost what.
//! Values only; the edge writes them down. Must never: hold a secret, a code or a
//! token, nor enough of one to recognise it by.

use serde::Serialize;

use crate::oauth::client::GrantKind;
use crate::token::id::{ClientId, FamilyId, IssuerName};

/// One line of the audit log, but for time and address, which the edge knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditEvent {
    /// What happened: `token_issued`, `token_refused`, `sign_in_refused`, `signed_in`,
    /// `signed_out`, `sessions_ended`, `code_issued`, `authorization_refused`,
    /// `refresh_reuse`, `revoked`, `grant_narrowed`, `grant_taken_back`,
    /// `application_registered` and what follows it, `client_changed`, `user_changed`,
    /// `keys_rotated`.
    pub event: &'static str,
    /// The issuer's name in the file.
    pub issuer: String,
    /// Who asked, as far as he was recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// For whom, by subject or by the name that was tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The grant, where one was involved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<&'static str>,
    /// The family, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Scopes granted, or the private reason of a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Characters of a name or id as a caller sent it that are kept in a line.
const KEPT_CHARACTERS: usize = 128;

impl AuditEvent {
    /// An event of that name at that issuer; the rest is added.
    pub fn new(event: &'static str, issuer: &IssuerName) -> AuditEvent {
        let issuer = issuer.as_str().to_owned();
        AuditEvent { event, issuer, client: None, user: None, grant: None, family: None, detail: None }
    }

    /// With the client that asked, or that was named.
    pub fn client(self, client: &ClientId) -> AuditEvent {
        AuditEvent { client: Some(client.as_str().chars().take(KEPT_CHARACTERS).collect()), ..self }
    }

    /// With the subject, or the name that was tried.
    pub fn user(self, name: &str) -> AuditEvent {
        AuditEvent { user: Some(name.chars().take(KEPT_CHARACTERS).collect()), ..self }
    }

    /// With the grant.
    pub fn grant(self, grant: GrantKind) -> AuditEvent {
        AuditEvent { grant: Some(grant.as_str()), ..self }
    }

    /// With the family.
    pub fn family(self, family: FamilyId) -> AuditEvent {
        AuditEvent { family: Some(family.to_string()), ..self }
    }

    /// With scopes, or the private reason.
    pub fn detail(self, detail: impl Into<String>) -> AuditEvent {
        AuditEvent { detail: Some(detail.into()), ..self }
    }
}
