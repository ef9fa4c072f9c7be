//! RFC 6749 §6 with rotation (RFC 9700 §4.14.2). The child and the whole answer are
//! prepared first, then one atomic call of the store decides: first use, repeat inside
//! the grace (the same bytes again), or replay, which kills the family. Everything the
//! grant once rested on is asked again: client, user, scopes.

use std::sync::Arc;

use bytes::Bytes;

use crate::dialect::condition::Condition;
use crate::oauth::answer::Refused;
use crate::oauth::audit::AuditEvent;
use crate::oauth::bot::{self, Whose};
use crate::oauth::client::{Bot, GrantKind};
use crate::oauth::grants::scope;
use crate::oauth::inspect::could_be_refresh;
use crate::oauth::issue::{Bearer, Granted, Minted, RefreshPart, mint};
use crate::oauth::issuer::AccessBefore;
use crate::oauth::service::Case;
use crate::oauth::store::{Directory, Family, GrantStore, Refresh, Rotation, Taken};
use crate::oauth::user::User;
use crate::oauth::{notices, party, sign_in};
use crate::revocation::notice::Notice;
use crate::token::jws;
use crate::token::scope::Scopes;
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
    let issuer = case.desk.issuer;
    let holder = still_there(case, family).await?;
    let now_most = match &holder {
        Holder::User(user) => scope::ceiling(issuer, case.client, Some(user)),
        Holder::Client => scope::ceiling(issuer, case.client, None),
        Holder::Bot(bot) => bot.scopes.clone(),
    };
    let rules = &issuer.scope_rules;
    let most: Scopes =
        family.scopes.iter().filter(|scope| now_most.iter().any(|held| rules.holds(held, scope))).cloned().collect();
    if most.is_empty() && !family.scopes.is_empty() {
        return Err(refuse(case, Condition::ScopeBad, family, "nothing is left of the grant"));
    }
    let scopes = scope::choose(issuer, asked, None, &most)?;
    let party = match &holder {
        Holder::User(user) => party::of(case.client, Some(user), None),
        Holder::Client => party::of(case.client, None, None),
        Holder::Bot(bot) => party::of(case.client, None, Some(bot)),
    };
    let (subject, client, family_id) = (&family.subject, &family.client, Some(family.id));
    let bearer = Bearer { subject, client, scopes: &scopes, family: family_id, party: &party };
    let minted = mint(case, &bearer)?;
    // A token that was rotated once stays so, even if rotation was switched off since.
    if issuer.refresh.rotate || found.used {
        rotate(case, token, &bearer, family, minted).await
    } else {
        keep(case, token, &bearer, minted).await
    }
}

/// Whom a family was opened for, as he is now.
enum Holder {
    User(Arc<User>),
    Client,
    Bot(Bot),
}

/// The token's row, if it is this client's and nothing it stands on has ended. A used
/// one passes: only the store can tell a repeat from a replay.
async fn find<S: GrantStore, P>(case: &Case<'_, S, P>, token: &Secret) -> Result<Refresh, Refused> {
    if !could_be_refresh(case.desk, token.expose()) {
        let ours = jws::open(case.desk.ring, token.expose()).is_ok();
        return Err(if ours { Condition::RefreshImpossible } else { Condition::RefreshMalformed }.into());
    }
    let found = case.service.store.find_refresh(token.digest()).await?;
    let ours = found.filter(|found| found.family.issuer == case.desk.issuer.name);
    let Some(found) = ours else { return Err(Condition::RefreshBad.into()) };
    let (condition, why) = if found.family.client != case.client.id {
        (Condition::RefreshForeign, "foreign_client")
    } else if found.expires.is_some_and(|end| end <= case.now) {
        (Condition::RefreshExpired, "expired")
    } else if found.superseded {
        (Condition::RefreshSuperseded, "superseded")
    } else if found.revoked || notices::covered(&case.service.list, &found.family) {
        (Condition::RefreshBad, "revoked")
    } else {
        return Ok(found);
    };
    Err(refuse(case, condition, &found.family, why))
}

/// The person, client or bot behind the family, if he may still have tokens.
async fn still_there<S: Directory, P>(case: &Case<'_, S, P>, family: &Family) -> Result<Holder, Refused> {
    if family.user.as_str().is_empty() {
        if family.subject.as_str() == case.client.id.as_str() {
            return Ok(Holder::Client);
        }
        let id = family.subject.as_str();
        return match bot::find(&case.service.store, case.desk.issuer, case.client, id).await? {
            Whose::Own(bot) => Ok(Holder::Bot(bot)),
            Whose::Foreign | Whose::Nobodys => Err(refuse(case, Condition::RefreshBad, family, "the bot is gone")),
        };
    }
    let found = sign_in::find(&case.service.store, case.desk.issuer, &family.user).await?;
    let same = found.filter(|user| !user.disabled && user.subject == family.subject);
    same.map(Holder::User).ok_or_else(|| refuse(case, Condition::RefreshBad, family, "user is gone or disabled"))
}

/// What ends with this use of the refresh token: the access tokens before.
async fn retired<S: GrantStore, P>(case: &Case<'_, S, P>, family: &Family) -> Result<Vec<Notice>, Refused> {
    let issuer = case.desk.issuer;
    if issuer.refresh.before == AccessBefore::Lives {
        return Ok(Vec::new());
    }
    let before = case.service.store.access_of_family(family.id).await?;
    Ok(before.into_iter().map(|(token, end)| notices::of_token(issuer, token, end, case.now)).collect())
}

async fn rotate<S: GrantStore, P>(
    case: &Case<'_, S, P>,
    token: &Secret,
    bearer: &Bearer<'_>,
    family: &Family,
    minted: Minted,
) -> Result<Granted, Refused> {
    let (service, issuer, dialect) = (case.service, case.desk.issuer, case.desk.dialect);
    let mut minted = minted;
    let access = minted.row.take();
    let retired = retired(case, family).await?;
    let child = RefreshPart::mint(case, bearer, family.expires)?;
    let issued = minted.issued(case, bearer, Some(child.token));
    let (seat, asked) = (case.seat, &case.raw.headers);
    let reply = dialect.issued(seat, asked, &issued);
    let key = SealKey::from_presented(token);
    let broken = |error: seal::SealBroken| Refused::internal(error.to_string());
    let on_replay = notices::of_family(issuer, family.id, case.now);
    let rotation = Rotation {
        parent: token.digest(),
        now: case.now,
        grace: issuer.refresh.grace,
        child: child.row,
        access,
        retired: retired.clone(),
        sealed_answer: seal::seal(&key, &*service.random, &reply.body).map_err(broken)?,
        on_replay: on_replay.clone(),
    };
    match service.store.take_refresh(rotation).await? {
        Taken::Fresh => {
            // The store has the notices already; here every worker learns of them.
            for notice in &retired {
                service.list.add(notice);
            }
            Ok(Granted::first(reply, bearer.issued_event(case, GrantKind::RefreshToken), &issued))
        }
        Taken::Repeated(sealed) => {
            let body = seal::open(&key, &sealed).map_err(broken)?;
            Ok(Granted::again(dialect.issued_again(seat, asked, &issued, Bytes::copy_from_slice(&body))))
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
    let mut minted = minted;
    if let Some(row) = minted.row.take() {
        case.service.store.put_access(row).await?;
    }
    let issued = minted.issued(case, bearer, Some(token.clone()));
    let event = bearer.issued_event(case, GrantKind::RefreshToken);
    let mut granted = Granted::first(case.desk.dialect.issued(case.seat, &case.raw.headers, &issued), event, &issued);
    granted.issued.refresh = 0;
    Ok(granted)
}

fn refuse<S, P>(case: &Case<'_, S, P>, condition: Condition, family: &Family, why: &str) -> Refused {
    let event = AuditEvent::new("token_refused", &case.desk.issuer.name).client(&case.client.id);
    let event = event.user(family.subject.as_str()).grant(GrantKind::RefreshToken).family(family.id);
    Refused::audited(condition, event.detail(why))
}
