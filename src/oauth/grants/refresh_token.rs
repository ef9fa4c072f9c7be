//! RFC 6749 §6 with rotation (RFC 9700 §4.14.2). The child and the whole answer are
//! prepared first, then one atomic call of the store decides: first use, repeat inside
//! the grace (the same bytes again), or replay, which kills the family. Everything the
//! grant once rested on is asked again: client, user, scopes.

use std::sync::Arc;

use bytes::Bytes;

use crate::dialect::condition::Condition;
use crate::dialect::issued::Issued;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::GrantKind;
use crate::oauth::grants::{password, scope};
use crate::oauth::issue::{Bearer, Granted, Minted, RefreshPart, mint};
use crate::oauth::notices;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, Family, GrantStore, Refresh, Rotation, Taken};
use crate::oauth::user::User;
use crate::token::opaque;
use crate::token::seal::{self, SealKey};
use crate::token::secret::Secret;

/// The next access token of a family, and the next refresh token where they rotate.
pub(in crate::oauth) async fn grant<S: GrantStore + Directory, P>(
    case: &Case<'_, S, P>,
    token: &Secret,
    asked: Option<&[String]>,
) -> Result<Granted, Refused> {
    let found = find(case, token).await?;
    let family = &found.family;
    let user = still_there(case, family).await?;
    let most = family.scopes.intersection(&scope::ceiling(case.desk.issuer, case.client, Some(&user)));
    if most.is_empty() && !family.scopes.is_empty() {
        return Err(refuse(case, Condition::ScopeBad, family, "nothing is left of the grant"));
    }
    let scopes = scope::choose(asked, None, &most)?;
    let bearer = Bearer { subject: &family.subject, client: &family.client, scopes: &scopes, family: Some(family.id) };
    let minted = mint(case, &bearer)?;
    // A token that was rotated once stays so, even if rotation was switched off since.
    if case.desk.issuer.refresh.rotate || found.used {
        rotate(case, token, &bearer, family, minted).await
    } else {
        keep(case, token, &bearer, minted).await
    }
}

/// The token's row, if it is this client's and nothing it stands on has ended. A used
/// one passes: only the store can tell a repeat from a replay.
async fn find<S: GrantStore, P>(case: &Case<'_, S, P>, token: &Secret) -> Result<Refresh, Refused> {
    if !opaque::has_shape(opaque::REFRESH_PREFIX, token.expose()) {
        return Err(Condition::RefreshBad.into());
    }
    let found = case.service.store.find_refresh(token.digest()).await?;
    let ours = found.filter(|found| found.family.issuer == case.desk.issuer.name);
    let Some(found) = ours else { return Err(Condition::RefreshBad.into()) };
    let why = if found.family.client != case.client.id {
        "foreign_client"
    } else if found.expires.is_some_and(|end| end <= case.now) {
        "expired"
    } else if found.revoked || notices::covered(&case.service.list, &found.family) {
        "revoked"
    } else {
        return Ok(found);
    };
    Err(refuse(case, Condition::RefreshBad, &found.family, why))
}

/// The person behind the family, if he may still sign in.
async fn still_there<S: Directory, P>(case: &Case<'_, S, P>, family: &Family) -> Result<Arc<User>, Refused> {
    let found = password::find(&case.service.store, case.desk.issuer, &family.user).await?;
    let same = found.filter(|user| !user.disabled && user.subject == family.subject);
    same.ok_or_else(|| refuse(case, Condition::RefreshBad, family, "user is gone or disabled"))
}

async fn rotate<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    token: &Secret,
    bearer: &Bearer<'_>,
    family: &Family,
    minted: Minted,
) -> Result<Granted, Refused> {
    let (service, issuer, dialect) = (case.service, case.desk.issuer, case.desk.dialect);
    let child = RefreshPart::mint(case, family.expires);
    let issued = Issued {
        access: minted.token,
        expires_in: issuer.token.lifetime,
        refresh: Some(child.token),
        scope: bearer.scopes.clone(),
    };
    let reply = dialect.issued(&issued);
    let key = SealKey::from_presented(token);
    let broken = |error: seal::SealBroken| Refused::internal(error.to_string());
    let on_replay = notices::of_family(issuer, family.id, case.now);
    let rotation = Rotation {
        parent: token.digest(),
        now: case.now,
        grace: issuer.refresh.grace,
        child: child.row,
        access: minted.row,
        sealed_answer: seal::seal(&key, &*service.random, &reply.body).map_err(broken)?,
        on_replay: on_replay.clone(),
    };
    match service.store.take_refresh(rotation).await? {
        Taken::Fresh => Ok(Granted::first(reply, bearer.issued_event(case, GrantKind::RefreshToken), &issued)),
        Taken::Repeated(sealed) => {
            let body = seal::open(&key, &sealed).map_err(broken)?;
            Ok(Granted::again(dialect.issued_again(Bytes::copy_from_slice(&body))))
        }
        Taken::Replayed => {
            // The store has the notice already; here every worker learns of it.
            service.list.add(&on_replay);
            let event = AuditEvent::new("refresh_reuse", &issuer.name).client(&family.client);
            let event = event.user(family.subject.as_str()).family(family.id).grant(GrantKind::RefreshToken);
            Err(Refused::audited(Condition::RefreshReplayed, event))
        }
        Taken::Unknown => Err(refuse(case, Condition::RefreshBad, family, "ended meanwhile")),
    }
}

/// Without rotation the refresh token goes on as it is.
async fn keep<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    token: &Secret,
    bearer: &Bearer<'_>,
    minted: Minted,
) -> Result<Granted, Refused> {
    if let Some(row) = minted.row {
        case.service.store.put_access(row).await?;
    }
    let issued = Issued {
        access: minted.token,
        expires_in: case.desk.issuer.token.lifetime,
        refresh: Some(token.clone()),
        scope: bearer.scopes.clone(),
    };
    let event = bearer.issued_event(case, GrantKind::RefreshToken);
    let mut granted = Granted::first(case.desk.dialect.issued(&issued), event, &issued);
    granted.issued.refresh = 0;
    Ok(granted)
}

fn refuse<S, P>(case: &Case<'_, S, P>, condition: Condition, family: &Family, why: &str) -> Refused {
    let event = AuditEvent::new("token_refused", &case.desk.issuer.name).client(&case.client.id);
    let event = event.user(family.subject.as_str()).grant(GrantKind::RefreshToken).family(family.id);
    Refused::audited(condition, event.detail(why))
}
