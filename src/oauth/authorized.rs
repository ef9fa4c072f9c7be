//! What a person granted to applications, and how he takes it back: all of it, or single
//! scopes. Durable first, then felt by every worker, then answered; other gateways and
//! tokens that are out already follow within the revocation bound.

use std::sync::Arc;

use crate::clock::UnixTime;
use crate::oauth::authenticate;
use crate::oauth::authorize::store::{Consent, Left};
use crate::oauth::client::Client;
use crate::oauth::issuer::Issuer;
use crate::oauth::notices;
use crate::oauth::service::Service;
use crate::oauth::store::{Store, StoreError};
use crate::token::id::{ClientId, Subject};
use crate::token::scope::{Scope, Scopes};

/// What he granted to one application.
#[derive(Clone, Debug)]
pub struct Authorized {
    /// To which client.
    pub id: ClientId,
    /// The client, unless it is gone.
    pub client: Option<Arc<Client>>,
    /// What, when, and when it was last used.
    pub consent: Consent,
}

/// What became of an edit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Edited {
    /// Less is granted now.
    Narrowed,
    /// Nothing was left, so all of it was taken back.
    Revoked,
    /// He has granted nothing to that client.
    Missing,
}

/// Everything that person granted and that still counts.
pub async fn list<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    subject: &Subject,
    now: UnixTime,
) -> Result<Vec<Authorized>, StoreError> {
    let mut out = Vec::new();
    for consent in service.store.consents(&issuer.name, subject, now).await? {
        let client = authenticate::find(&service.store, issuer, &consent.client).await?;
        out.push(Authorized { id: consent.client.clone(), client, consent });
    }
    Ok(out)
}

/// Leaves only the scopes of these names; more than was granted cannot be left.
pub async fn edit_scopes<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    (subject, client): (&Subject, &ClientId),
    names: &[String],
    now: UnixTime,
) -> Result<Edited, StoreError> {
    let Some(consent) = service.store.consent(&issuer.name, subject, client, now).await? else {
        return Ok(Edited::Missing);
    };
    let keep: Scopes =
        consent.scopes.iter().filter(|scope| names.iter().any(|name| *name == *scope.as_str())).cloned().collect();
    if keep.is_empty() {
        return revoke(service, issuer, (subject, client), now).await;
    }
    if keep.len() == consent.scopes.len() {
        return Ok(Edited::Narrowed);
    }
    let left = Left { with_held: with_held(issuer, &keep), keep, until: notices::last_end(issuer, now) };
    let narrowed = service.store.narrow(&issuer.name, subject, client, left).await?;
    for narrowing in &narrowed {
        service.list.narrow(narrowing);
    }
    Ok(Edited::Narrowed)
}

/// Takes all of it back: tokens die, codes that are under way too, and the next request
/// asks again.
pub async fn revoke<S: Store, P>(
    service: &Service<S, P>,
    issuer: &Issuer,
    (subject, client): (&Subject, &ClientId),
    now: UnixTime,
) -> Result<Edited, StoreError> {
    let until = notices::last_end(issuer, now);
    let Some(dead) = service.store.take_back(&issuer.name, subject, client, until).await? else {
        return Ok(Edited::Missing);
    };
    for notice in &dead {
        service.list.add(notice);
    }
    Ok(Edited::Revoked)
}

/// These scopes and those that they hold: a token may have been narrowed to one of them.
fn with_held(issuer: &Issuer, keep: &Scopes) -> Scopes {
    let held = |scope: &Scope| {
        let rules = issuer.scope_rules.implies.iter().filter(|(holder, _)| holder == scope);
        rules.flat_map(|(_, within)| within.iter().cloned()).collect::<Vec<_>>()
    };
    keep.iter().cloned().chain(keep.iter().flat_map(held)).collect()
}
