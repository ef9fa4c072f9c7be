//! A name and a password become a person, or nothing. The one place where passwords are
//! judged: the password grant and the sign-in page both come here, so they share the
//! throttle. Unknown, disabled and wrong cost the same, always one slow hash, and are one
//! answer, but where a dialect tells whoever knows the password that he is disabled.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::issuer::Issuer;
use crate::oauth::service::{RETRY, Service};
use crate::oauth::store::{Directory, StoreError};
use crate::oauth::throttle::Party;
use crate::oauth::user::{Checked, PasswordCheck, User};
use crate::token::id::UserName;
use crate::token::secret::Secret;

/// One try.
pub(in crate::oauth) struct Attempt<'a> {
    pub(in crate::oauth) username: &'a str,
    pub(in crate::oauth) password: &'a Secret,
    /// Where it comes from.
    pub(in crate::oauth) peer: IpAddr,
    pub(in crate::oauth) now: UnixTime,
    /// What the audit log says of a failure; name and reason are added here.
    pub(in crate::oauth) event: AuditEvent,
}

impl Attempt<'_> {
    /// The event of a try that failed.
    pub(in crate::oauth) const EVENT: &'static str = "sign_in_refused";

    fn refuse(&self, condition: Condition, why: &str) -> Refused {
        Refused::audited(condition, self.event.clone().user(self.username).detail(why))
    }
}

/// The person, if name and password fit.
///
/// # Errors
/// `UserBad`, `UserInactive`, `TooMany`, or `Unavailable` where store or hashing cannot answer.
pub(in crate::oauth) async fn sign_in<S: Directory, P: PasswordCheck>(
    service: &Service<S, P>,
    issuer: &Issuer,
    attempt: &Attempt<'_>,
) -> Result<Arc<User>, Refused> {
    let (peer, now, party) = (attempt.peer, attempt.now, Party::User(attempt.username));
    if let Err(wait) = service.throttle.may_try(issuer, peer, party, now) {
        return Err(attempt.refuse(Condition::TooMany(wait), "throttled"));
    }
    let found = find(&service.store, issuer, &UserName::new(attempt.username)).await?;
    let why = match &found {
        None => "unknown_user",
        Some(user) if user.disabled => "disabled",
        Some(_) => "bad_password",
    };
    let hash = found.as_ref().map(|user| user.password_hash.clone());
    let checked = service.passwords.check(attempt.password.clone(), hash).await;
    // Guesses sent all at once have all begun before the first has failed. What comes
    // out after the pair was stopped is not told, and counts as wrong even if it was
    // right, so that the wait does not tell it either.
    if checked != Checked::Busy
        && let Err(wait) = service.throttle.may_try(issuer, peer, party, now)
    {
        service.throttle.failed(issuer, peer, party, now);
        return Err(attempt.refuse(Condition::TooMany(wait), "throttled"));
    }
    match (checked, found) {
        (Checked::Right, Some(user)) if user.disabled => {
            service.throttle.failed(issuer, peer, party, now);
            Err(attempt.refuse(Condition::UserInactive, why))
        }
        (Checked::Right, Some(user)) => {
            service.throttle.succeeded(issuer, peer, party, now);
            Ok(user)
        }
        (Checked::Busy, _) => Err(attempt.refuse(Condition::Unavailable(RETRY), "busy")),
        (Checked::Right | Checked::Wrong, _) => {
            service.throttle.failed(issuer, peer, party, now);
            Err(attempt.refuse(Condition::UserBad, why))
        }
    }
}

/// The user of that name: the file's word goes before the store's.
pub(in crate::oauth) async fn find<S: Directory>(
    store: &S,
    issuer: &Issuer,
    name: &UserName,
) -> Result<Option<Arc<User>>, StoreError> {
    match issuer.users.get(name) {
        Some(user) => Ok(Some(user.clone())),
        None => store.user(&issuer.name, name).await,
    }
}
