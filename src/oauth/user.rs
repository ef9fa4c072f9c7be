//! A person as the issuer knows one, and the trait behind which passwords are
//! checked. The check costs tens of milliseconds by intent, so it is somebody
//! else's thread's work, bounded there (`users::hashing`).

use std::collections::BTreeMap;
use std::future::Future;

use crate::oauth::client::Origin;
use crate::token::id::{Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::Secret;

/// A resource owner.
#[derive(Clone, Debug)]
pub struct User {
    /// What he types.
    pub name: UserName,
    /// What tokens call him; never changes.
    pub subject: Subject,
    /// Argon2id in PHC form.
    pub password_hash: String,
    /// Refused like an unknown one.
    pub disabled: bool,
    /// The scopes he may pass on to an application; `None`: all of the catalogue.
    pub may_grant: Option<Scopes>,
    /// Further fields that dialects may speak of (`email`, `name`, …).
    pub fields: BTreeMap<String, String>,
    /// Where he was defined.
    pub origin: Origin,
}

/// The answer of a password check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checked {
    /// The password fits the hash.
    Right,
    /// It does not, or there was no hash to fit.
    Wrong,
    /// The pool's queue is full; nothing was computed.
    Busy,
}

/// Checks passwords. Laws: `None` as hash costs the same time as a real one and is
/// always `Wrong`; never blocks the caller's thread; never waits without bound.
pub trait PasswordCheck: Send + Sync {
    /// Compares `password` with a PHC string.
    fn check(&self, password: Secret, hash: Option<String>) -> impl Future<Output = Checked> + Send;
}
