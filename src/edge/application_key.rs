//! Whether what was presented as a token is the key of an application that the store
//! keeps. Keys of the file are known to admission itself; this is asked only of what it
//! has refused, and changes the words of the refusal, never the refusal.

use std::sync::Arc;
use std::time::Duration;

use crate::access::admit::Presented;
use crate::access::bearer;
use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::profile::TokenProfile;
use crate::access::route::Route;
use crate::dialect::knobs::ClientAuth;
use crate::edge::shared::Shared;
use crate::oauth::store::Directory as _;
use crate::token::id::IssuerName;
use crate::token::secret::SecretDigest;

/// How long a refusal waits for the store.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether a refused text could be such a key on this route.
pub fn could_be(denial: &Denial, route: &Route, policy: &Policy) -> bool {
    matches!(denial, Denial::Malformed | Denial::Unknown) && issuers(route, policy).next().is_some()
}

/// The refusal of a text that could be such a key. Where the store does not answer, it
/// stays what it is.
pub async fn told_apart(
    denial: Denial,
    presented: &Presented<'_>,
    route: &Route,
    policy: &Policy,
    shared: &Arc<Shared>,
) -> Denial {
    let found = bearer::find(presented.headers, presented.query, presented.form, &route.presentation);
    let Ok(credential) = found else { return denial };
    let digest = SecretDigest::of(&credential.token);
    let issuers: Vec<IssuerName> = issuers(route, policy).map(|profile| profile.name.clone()).collect();
    let service = Arc::clone(&shared.service);
    let asked = shared.runtime.spawn(async move {
        for issuer in &issuers {
            if let Ok(Some(_)) = service.store.client_of_key(issuer, digest).await {
                return true;
            }
        }
        false
    });
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(true)) => Denial::WrongKind,
        Ok(Ok(false) | Err(_)) | Err(_) => denial,
    }
}

/// The profiles of the route in whose dialect a key is a bearer credential too.
fn issuers<'a>(route: &'a Route, policy: &'a Policy) -> impl Iterator<Item = &'a TokenProfile> {
    let by_key = |profile: &&TokenProfile| profile.dialect.reading.client_auth.contains(&ClientAuth::Key);
    route.issuers.iter().filter_map(|index| policy.profiles.get(*index)).filter(by_key)
}
