//! The backend's own token of who passes. Users of the file have theirs in the plan;
//! those of the store are remembered by the store's cache, so that a request waits for
//! the disk only when its user was not seen for long. Without an answer it is not sent
//! on: the backend would take it for a stranger's.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;

use crate::edge::shared::Shared;
use crate::edge::upstream::error::ForwardError;
use crate::oauth::store::{AtHand, Directory as _};
use crate::snapshot::{Plan, UserTokens};
use crate::token::claims::Claims;
use crate::token::id::{IssuerName, Subject};
use crate::token::secret::Secret;

/// How long a request waits for the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// The header's value for who passes; `None` where the plan sends none, or he has none.
///
/// # Errors
/// `CannotTell` when the store does not answer in time.
pub async fn find(
    plan: &Plan,
    claims: Option<&Claims>,
    shared: &Arc<Shared>,
) -> Result<Option<HeaderValue>, ForwardError> {
    let (Some(tokens), Some(claims)) = (plan.user_tokens.as_deref(), claims) else { return Ok(None) };
    if is_alone(claims) || tokens.values.contains_key(&key(claims)) {
        return Ok(of_file(tokens, claims).cloned());
    }
    let Some(issuer) = tokens.stores.get(claims.issuer).and_then(Option::as_ref) else { return Ok(None) };
    let subject = Subject::new(&*claims.subject);
    let token = match shared.service.store.backend_token_at_hand(issuer, &subject) {
        AtHand::Known(token) => token,
        AtHand::Unknown => Box::pin(ask(shared, issuer.clone(), subject)).await?,
    };
    token.map(|token| value(tokens, &token)).transpose()
}

/// The value for a user of the file.
pub fn of_file<'a>(tokens: &'a UserTokens, claims: &Claims) -> Option<&'a HeaderValue> {
    tokens.values.get(&key(claims)).and_then(Option::as_ref).filter(|_| !is_alone(claims))
}

fn key(claims: &Claims) -> (usize, Box<str>) {
    (claims.issuer, claims.subject.clone())
}

/// Whether a client acts for itself: its id may be what somebody else is called.
fn is_alone(claims: &Claims) -> bool {
    claims.client.as_deref() == Some(&*claims.subject)
}

async fn ask(shared: &Arc<Shared>, issuer: IssuerName, subject: Subject) -> Result<Option<Arc<Secret>>, ForwardError> {
    let service = Arc::clone(&shared.service);
    let asked = shared.runtime.spawn(async move { service.store.backend_token(&issuer, &subject).await });
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(Ok(token))) => Ok(token),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "the store could not be asked about a backend token");
            Err(ForwardError::CannotTell)
        }
        // The runtime of the store is gone, or too slow.
        Ok(Err(_)) | Err(_) => Err(ForwardError::CannotTell),
    }
}

fn value(tokens: &UserTokens, token: &Secret) -> Result<HeaderValue, ForwardError> {
    let text = [&*tokens.scheme, token.expose()].concat();
    let mut value = HeaderValue::from_str(&text).map_err(|_| ForwardError::CannotTell)?;
    value.set_sensitive(true);
    Ok(value)
}
