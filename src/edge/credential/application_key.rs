//! Whether what was presented as a token is the key of an application that the store
//! keeps. Keys of the file are known to admission itself; this is asked only of what it
//! has refused, and changes the words of the refusal, never the refusal. What callers make
//! up costs a bounded number of reads at once, and no known key its place in memory.

use std::sync::Arc;

use crate::access::admit::Presented;
use crate::access::bearer;
use crate::access::denial::Denial;
use crate::access::policy::Policy;
use crate::access::profile::TokenProfile;
use crate::access::route::Route;
use crate::dialect::knobs::ClientAuth;
use crate::edge::worker::Worker;
use crate::oauth::store::{AtHand, Directory as _};
use crate::token::id::IssuerName;
use crate::token::secret::SecretDigest;

/// Whether a refused text could be such a key on this route.
pub fn could_be(denial: &Denial, route: &Route, policy: &Policy) -> bool {
    matches!(denial, Denial::Malformed | Denial::Unknown) && issuers(route, policy).next().is_some()
}

/// The refusal of a text that could be such a key. Where the store cannot be asked about
/// it, it is "cannot tell": a caller that is told "no" throws a good key away.
pub async fn told_apart(
    denial: Denial,
    presented: &Presented<'_>,
    route: &Route,
    policy: &Policy,
    worker: &Worker,
) -> Denial {
    let found = bearer::find(presented.headers, presented.query, presented.form, &route.presentation);
    let Ok(credential) = found else { return denial };
    // What has dots is a JWT to admission too, whatever the keys of the file are.
    if credential.token.contains(&b'.') {
        return denial;
    }
    let digest = SecretDigest::of(&credential.token);
    for profile in issuers(route, policy) {
        match is_key(&profile.name, digest, worker).await {
            Ok(true) => return Denial::WrongKind,
            Ok(false) => {}
            Err(cannot_tell) => return cannot_tell,
        }
    }
    denial
}

/// Whether a client of this issuer has the key.
async fn is_key(issuer: &IssuerName, digest: SecretDigest, worker: &Worker) -> Result<bool, Denial> {
    let shared = &worker.shared;
    if let AtHand::Known(client) = shared.service.store.client_of_key_at_hand(issuer, digest) {
        return Ok(client.is_some());
    }
    let (service, of) = (Arc::clone(&shared.service), issuer.clone());
    let look = || async move { Ok(service.store.client_of_key(&of, digest).await?.is_some()) };
    worker.keys.ask((issuer.clone(), digest.0), (&shared.runtime, &shared.telemetry), look).await
}

/// The profiles of the route in whose dialect a key is a bearer credential too.
fn issuers<'a>(route: &'a Route, policy: &'a Policy) -> impl Iterator<Item = &'a TokenProfile> {
    let by_key = |profile: &&TokenProfile| profile.dialect.reading.client_auth.contains(&ClientAuth::Key);
    route.issuers.iter().filter_map(|index| policy.profiles.get(*index)).filter(by_key)
}
