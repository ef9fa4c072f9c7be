//! The key rings of a world: foreign ones as the file gives them, ours from the store
//! or given by the operator. Made new at start, at every reload, when the store's log
//! names a key, and when a ring's own time has come.

use std::sync::Arc;

use crate::clock::{Seconds, UnixTime};
use crate::oauth::issuer::{Issuer, KeySettings};
use crate::oauth::store::StoreError;
use crate::snapshot::Snapshot;
use crate::store::Store;
use crate::token::id::IssuerName;
use crate::token::ring::{KeyRing, RingKey};

/// One ring per token profile, in the profiles' order; behind them one for the refresh
/// tokens of each issuer of ours, in the issuers' order.
pub fn rings(snapshot: &Snapshot, store: &Store, now: UnixTime) -> Result<Vec<Arc<KeyRing>>, StoreError> {
    let empty = Arc::new(KeyRing::default());
    let mut rings: Vec<Arc<KeyRing>> =
        snapshot.foreign_rings.iter().map(|foreign| foreign.clone().unwrap_or_else(|| Arc::clone(&empty))).collect();
    for issuer in &snapshot.issuers {
        let ring = own_ring(issuer, &issuer.name, &issuer.keys, store, now)?;
        if let Some(place) = rings.get_mut(issuer.profile) {
            *place = Arc::new(ring);
        }
    }
    for issuer in &snapshot.issuers {
        rings.push(match &issuer.refresh.keys {
            Some(keys) => Arc::new(own_ring(issuer, &issuer.refresh_keys_name(), keys, store, now)?),
            None => Arc::clone(&empty),
        });
    }
    Ok(rings)
}

/// When the first of these rings stops being right; `None`: never by itself.
pub fn next_change(rings: &[Arc<KeyRing>]) -> Option<UnixTime> {
    rings.iter().filter_map(|ring| ring.next_change()).min()
}

/// A given key signs; keys that were made before one was given still verify until
/// their time is over.
fn own_ring(
    issuer: &Issuer,
    name: &IssuerName,
    settings: &KeySettings,
    store: &Store,
    now: UnixTime,
) -> Result<KeyRing, StoreError> {
    let stored = store.keys(name)?.into_iter().map(|entry| RingKey {
        material: entry.material,
        signs_from: entry.signs_from,
        verify_until: entry.verify_until,
    });
    let given = settings.given.iter().map(|material| RingKey {
        material: material.clone(),
        signs_from: now,
        verify_until: None,
    });
    let keys = match settings.given {
        Some(_) => stored.map(|key| end_later(key, issuer, now)).chain(given).collect(),
        None => stored.collect(),
    };
    KeyRing::of_ours(keys, now).map_err(|error| StoreError { detail: format!("issuer {name}: {error}") })
}

/// A stored key beside a given one: it never signs again.
fn end_later(key: RingKey, issuer: &Issuer, now: UnixTime) -> RingKey {
    let end = key.signs_from.after(issuer.keys.keep_verifying);
    let never = UnixTime(u64::MAX);
    RingKey {
        signs_from: never,
        verify_until: Some(key.verify_until.unwrap_or(end).max(now.after(issuer.token.lifetime.unwrap_or(Seconds(0))))),
        ..key
    }
}
