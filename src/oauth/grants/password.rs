//! RFC 6749 §4.3: a person's password, handed over by a client that is trusted with
//! it. RFC 9700 §2.4 forbids it, so it works only for clients that name it. Unknown,
//! disabled and wrong are one answer and cost the same: always one slow hash.

use std::sync::Arc;

use crate::dialect::condition::Condition;
use crate::dialect::issued::Issued;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::scope;
use crate::oauth::issue::{Bearer, Granted, RefreshPart, mint};
use crate::oauth::issuer::Issuer;
use crate::oauth::service::{Case, RETRY};
use crate::oauth::store::{Directory, GrantStore, StoreError};
use crate::oauth::throttle::Party;
use crate::oauth::user::{Checked, PasswordCheck, User};
use crate::random::bytes;
use crate::token::id::{FamilyId, UserName};
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
    let scopes = scope::choose(asked, issuer.default_scopes.as_ref(), &most)?;
    let family = case.client.grants.contains(&GrantKind::RefreshToken).then(|| {
        // The number is public (it stands in the token), so chance only keeps it unique.
        FamilyId(bytes(&*case.service.random))
    });
    let bearer = Bearer { subject: &user.subject, client: &case.client.id, scopes: &scopes, family };
    let minted = mint(case, &bearer)?;
    let refresh = match family {
        None => {
            if let Some(row) = minted.row {
                case.service.store.put_access(row).await?;
            }
            None
        }
        Some(id) => {
            let family = bearer.opened_family(issuer, id, &user.name, minted.issued);
            let first = RefreshPart::mint(case, family.expires);
            case.service.store.open_family(family, first.row, minted.row).await?;
            Some(first.token)
        }
    };
    let event = bearer.issued_event(case, GrantKind::Password);
    let issued = Issued { access: minted.token, expires_in: issuer.token.lifetime, refresh, scope: scopes.clone() };
    Ok(Granted::first(case.desk.dialect.issued(&issued), event, &issued))
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
