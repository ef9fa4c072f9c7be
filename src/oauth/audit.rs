//! What an auditor must be able to read later: who got, was refused or lost what.
//! Values only; the edge writes them down. Must never: hold a secret, a code or a
//! token, nor enough of one to recognise it by.

use serde::Serialize;

/// One line of the audit log, but for time and address, which the edge knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AuditEvent {
    /// What happened: `token_issued`, `token_refused`, `sign_in_refused`,
    /// `refresh_reuse`, `revoked`, `client_changed`, `user_changed`, `keys_rotated`.
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
