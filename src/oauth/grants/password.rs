//! RFC 6749 §4.3: a person's password, handed over by a client that is trusted with
//! it. RFC 9700 §2.4 forbids it, so it works only for clients that name it. Unknown,
//! disabled and wrong are one answer and cost the same: always one slow hash.

use std::sync::Arc;

use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::open::{Opened, open};
use crate::oauth::grants::scope;
use crate::oauth::issue::Granted;
use crate::oauth::issuer::{Issuer, MachineRefresh};
use crate::oauth::party;
use crate::oauth::service::{Case, RETRY};
use crate::oauth::store::{Directory, GrantStore, StoreError};
use crate::oauth::throttle::Party;
use crate::oauth::user::{Checked, PasswordCheck, User};
use crate::token::id::UserName;
use crate::token::secret::Secret;

/// Tokens for the person, and a family if the client may refresh.
pub(in crate::oauth) async fn grant<S: GrantStore + Directory, P: PasswordCheck>(
    case: &Case<'_, S, P>,
    username: &str,
    password: &Secret,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    let user = sign_in(case, username, password).await?;
    let issuer = case.desk.issuer;
    let most = scope::ceiling(issuer, case.client, Some(&user));
    let scopes = scope::choose(issuer, asked, issuer.default_scopes.as_ref(), &most)?;
    let party = party::of(case.client, Some(&user), None);
    let may = case.client.grants.contains(&GrantKind::RefreshToken);
    let refresh = if may { MachineRefresh::Issued } else { MachineRefresh::Never };
    let opened = Opened { subject: &user.subject, user: &user.name, scopes: &scopes, party: &party, refresh };
    let (issued, event) = open(case, opened, GrantKind::Password).await?;
    Ok(Granted::first(case.desk.dialect.issued(case.seat, &case.raw.headers, &issued), event, &issued))
}

/// The person, if name and password fit.
async fn sign_in<S: Directory, P: PasswordCheck>(
    case: &Case<'_, S, P>,
    username: &str,
    password: &Secret,
) -> Result<Arc<User>, Refused> {
    let (service, issuer, peer, now) = (case.service, case.desk.issuer, case.raw.peer, case.now);
    let party = Party::User(username);
    let refuse = |condition, why: &str| {
        let event = AuditEvent::new("sign_in_refused", &issuer.name).client(&case.client.id).user(username);
        Refused::audited(condition, event.grant(GrantKind::Password).detail(why))
    };
    if let Err(wait) = service.throttle.may_try(issuer, peer, party, now) {
        return Err(refuse(Condition::TooMany(wait), "throttled"));
    }
    let found = find(&service.store, issuer, &UserName::new(username)).await?;
    let why = match &found {
        None => "unknown_user",
        Some(user) if user.disabled => "disabled",
        Some(_) => "bad_password",
    };
    let enabled = found.filter(|user| !user.disabled);
    let hash = enabled.as_ref().map(|user| user.password_hash.clone());
    let checked = service.passwords.check(password.clone(), hash).await;
    // Guesses sent all at once have all begun before the first has failed. What comes
    // out after the pair was stopped is not told, and counts as wrong even if it was
    // right, so that the wait does not tell it either.
    if checked != Checked::Busy
        && let Err(wait) = service.throttle.may_try(issuer, peer, party, now)
    {
        service.throttle.failed(issuer, peer, party, now);
        return Err(refuse(Condition::TooMany(wait), "throttled"));
    }
    match (checked, enabled) {
        (Checked::Right, Some(user)) => {
            service.throttle.succeeded(issuer, peer, party, now);
            Ok(user)
        }
        (Checked::Busy, _) => Err(refuse(Condition::Unavailable(RETRY), "busy")),
        (Checked::Right | Checked::Wrong, _) => {
            service.throttle.failed(issuer, peer, party, now);
            Err(refuse(Condition::UserBad, why))
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
