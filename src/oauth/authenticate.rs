//! Who asks (RFC 6749 §2.3). Unknown, disabled and wrong are one answer and cost the
//! same: always one digest and as many constant-time compares as a client may have
//! live secrets. Must never: stop comparing early, or say which half was wrong.

use std::net::IpAddr;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::dialect::condition::Condition;
use crate::dialect::request::ClientCredential;
use crate::oauth::answer::Refused;
use crate::oauth::assertion;
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::{Client, LIVE_SECRETS};
use crate::oauth::issuer::Issuer;
use crate::oauth::store::{Directory, GrantStore, StoreError};
use crate::oauth::throttle::{Party, Throttle};
use crate::token::id::ClientId;
use crate::token::secret::{Secret, SecretDigest};

/// Compared where there is no secret to compare with; no text is known to have it.
const NOBODY: SecretDigest = SecretDigest([0; 32]);

/// How a client showed who it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::oauth) enum Standing {
    /// It presented a live secret.
    Confidential,
    /// It only named itself, and has no secret to present (RFC 6749 §2.1).
    Public,
}

/// Finds and proves the client, counting failures of this address.
///
/// # Errors
/// `ClientMissing`, `ClientBad`, `TooMany`, or an unavailable store.
pub(in crate::oauth) async fn authenticate<S: GrantStore + Directory>(
    store: &S,
    throttle: &Throttle,
    issuer: &Issuer,
    credential: &ClientCredential,
    peer: IpAddr,
    now: UnixTime,
) -> Result<(Arc<Client>, Standing), Refused> {
    let named;
    let (id, secret) = match credential {
        ClientCredential::Secret { id, secret } => (id, Some(secret)),
        ClientCredential::Public { id } => (id, None),
        ClientCredential::Key { key } => {
            named = by_key(store, issuer, key).await?;
            (&named, Some(key))
        }
        ClientCredential::Assertion { id, assertion } => {
            return assertion::authenticate(store, throttle, issuer, (id.as_ref(), assertion), peer, now).await;
        }
        ClientCredential::Absent => return Err(Condition::ClientMissing.into()),
    };
    let party = Party::Client(id.as_str());
    let refuse = |condition, detail: &str| {
        let event = AuditEvent::new("token_refused", &issuer.name).client(id).detail(detail);
        Refused::audited(condition, event)
    };
    if let Err(wait) = throttle.may_try(issuer, peer, party, now) {
        return Err(refuse(Condition::TooMany(wait), "throttled"));
    }
    let found = find(store, issuer, id).await?;
    // The store takes its time, and those who came at once with others were all let in.
    if !issuer.clients.contains_key(id)
        && let Err(wait) = throttle.may_try(issuer, peer, party, now)
    {
        return Err(refuse(Condition::TooMany(wait), "throttled"));
    }
    let why = match &found {
        None => "unknown_client",
        Some(client) if client.is_refused() => "disabled",
        Some(_) => "bad_secret",
    };
    let enabled = found.filter(|client| !client.is_refused());
    let proof = proven(enabled.as_deref(), secret);
    let (Some(client), Some((standing, slot))) = (enabled, proof) else {
        throttle.failed(issuer, peer, party, now);
        // Alike for a client that has a secret and for one that is not known.
        let condition = if secret.is_some() { Condition::ClientBad } else { Condition::ClientSecretMissing };
        return Err(refuse(condition, why));
    };
    if let Some(slot) = slot {
        throttle.succeeded(issuer, peer, party, now);
        store.secret_used(&issuer.name, id, slot, now);
    }
    Ok((client, standing))
}

/// The client whose key this is, the file's before the store's; an id that nobody has, for
/// a key that nobody has. Every client of the file is looked at, and the store is asked
/// by a digest, so the time it takes says nothing.
async fn by_key<S: Directory>(store: &S, issuer: &Issuer, key: &Secret) -> Result<ClientId, StoreError> {
    let digest = key.digest();
    let bears = |client: &Arc<Client>| client.secrets.iter().filter(|live| live.digest == digest).count() > 0;
    let found = issuer.clients.values().fold(None, |found, client| if bears(client) { Some(client) } else { found });
    let found = match found {
        Some(client) => Some(client.id.clone()),
        // A client of the file hides one of the store that has its id.
        None => store.client_of_key(&issuer.name, digest).await?.filter(|id| !issuer.clients.contains_key(id)),
    };
    Ok(found.unwrap_or_else(|| ClientId::new("")))
}

/// The client of that id: the file's word goes before the store's.
pub(in crate::oauth) async fn find<S: Directory>(
    store: &S,
    issuer: &Issuer,
    id: &ClientId,
) -> Result<Option<Arc<Client>>, StoreError> {
    match issuer.clients.get(id) {
        Some(client) => Ok(Some(client.clone())),
        None => store.client(&issuer.name, id).await,
    }
}

/// The standing a credential gives, with the slot of the secret that fitted.
fn proven(client: Option<&Client>, secret: Option<&Secret>) -> Option<(Standing, Option<u8>)> {
    let Some(secret) = secret else {
        let public = client.is_some_and(|client| client.secrets.is_empty() && client.keys.is_none());
        return public.then_some((Standing::Public, None));
    };
    let presented = secret.digest();
    let mut fitting = None;
    for i in 0..LIVE_SECRETS {
        let live = client.and_then(|client| client.secrets.get(i));
        let equal = presented == live.map_or(NOBODY, |live| live.digest);
        fitting = fitting.or(live.filter(|_| equal).map(|live| live.slot));
    }
    fitting.map(|slot| (Standing::Confidential, Some(slot)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Standing, proven};
    use crate::oauth::client::{Client, ClientSecret, Origin, UrlSecrets};
    use crate::token::id::ClientId;
    use crate::token::scope::Scopes;
    use crate::token::secret::Secret;

    fn client(secrets: &[&str]) -> Client {
        let live = |(slot, text): (usize, &&str)| ClientSecret {
            digest: Secret::new((*text).to_owned()).digest(),
            slot: u8::try_from(slot).unwrap(),
        };
        Client {
            id: ClientId::new("c"),
            display_name: None,
            secrets: secrets.iter().enumerate().map(live).collect(),
            keys: None,
            grants: Vec::new(),
            scopes: Scopes::default(),
            bots: Vec::new(),
            fields: BTreeMap::new(),
            secrets_in_url: UrlSecrets::Served,
            application: Default::default(),
            disabled: false,
            origin: Origin::File,
        }
    }

    #[test]
    fn both_live_secrets_work_and_say_which() {
        let (two, old, new) = (client(&["old", "new"]), Secret::new("old".into()), Secret::new("new".into()));
        assert_eq!(proven(Some(&two), Some(&old)), Some((Standing::Confidential, Some(0))));
        assert_eq!(proven(Some(&two), Some(&new)), Some((Standing::Confidential, Some(1))));
        assert_eq!(proven(Some(&two), Some(&Secret::new("else".into()))), None);
        assert_eq!(proven(None, Some(&old)), None);
    }

    #[test]
    fn a_bare_name_is_enough_only_without_secrets() {
        assert_eq!(proven(Some(&client(&[])), None), Some((Standing::Public, None)));
        assert_eq!(proven(Some(&client(&["s"])), None), None);
        assert_eq!(proven(Some(&client(&[])), Some(&Secret::new("s".into()))), None);
        assert_eq!(proven(None, None), None);
    }
}
