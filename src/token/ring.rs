//! Live keys of one issuer: which one signs, which ones verify, what is published.
//! Made new whenever a key comes, goes or changes its part, and shared by all who
//! look at it. Must never: let a token's header choose an algorithm.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::clock::UnixTime;
use crate::token::jwk;
use crate::token::key::{Algorithm, KeyError, KeyMaterial};
pub use crate::token::signing::{SignError, SigningKey};
pub use crate::token::verifying::VerifyingKey;

/// Most keys of one ring; the bound of what a token without `kid` can cost.
pub const MAX_KEYS: usize = 32;

/// A key of ours with its times.
#[derive(Clone, Debug)]
pub struct RingKey {
    /// The key.
    pub material: KeyMaterial,
    /// From when it may sign; it is published and verifies before that.
    pub signs_from: UnixTime,
    /// When it stops verifying and is published no more; `None`: never.
    pub verify_until: Option<UnixTime>,
}

/// The keys of one issuer, parsed and ready.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<Arc<VerifyingKey>>,
    signer: Option<Arc<SigningKey>>,
    published: Vec<Value>,
    next_change: Option<UnixTime>,
}

impl KeyRing {
    /// A ring that only verifies, with the first `MAX_KEYS` of the keys.
    pub fn of_foreign(keys: Vec<VerifyingKey>) -> KeyRing {
        KeyRing { keys: keys.into_iter().take(MAX_KEYS).map(Arc::new).collect(), ..KeyRing::default() }
    }

    /// The ring of somebody else's JWKS (RFC 7517 §5). Keys that are not for us (other
    /// uses, types or algorithms) are passed over; a symmetric key, a weak one, more
    /// than `MAX_KEYS` or none that fits is an error.
    pub fn of_jwks(set: &Value, allowed: &[Algorithm]) -> Result<KeyRing, KeyError> {
        let listed = set.get("keys").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| KeyError::new("the key set has no list `keys`"))?;
        if listed.len() > MAX_KEYS {
            return Err(KeyError::new(format!("the key set has more than {MAX_KEYS} keys")));
        }
        let mut keys = Vec::new();
        let mut passed_over = Vec::new();
        for jwk in listed {
            let text = |name: &str| jwk.get(name).and_then(Value::as_str);
            if text("kty") == Some("oct") {
                return Err(KeyError::new("a symmetric key (`kty: oct`) is not taken from a key set"));
            }
            // A key that names no algorithm serves every allowed one that fits its type.
            for algorithm in allowed.iter().filter(|a| text("alg").is_none_or(|word| word == a.as_str())) {
                match VerifyingKey::from_jwk(jwk, &[*algorithm]) {
                    Ok(key) => keys.push(key),
                    Err(error) => passed_over.push(error.detail),
                }
            }
        }
        if keys.is_empty() {
            let why = passed_over.first().map(|first| format!(": {first}")).unwrap_or_default();
            return Err(KeyError::new(format!("the key set has no key that can be used{why}")));
        }
        Ok(KeyRing::of_foreign(keys))
    }

    /// The ring of our own keys as it stands at `now`: of those that may sign, the one
    /// that came last does; those whose time has not run out, the latest `MAX_KEYS` of
    /// them, verify and are published.
    pub fn of_ours(keys: Vec<RingKey>, now: UnixTime) -> Result<KeyRing, KeyError> {
        let mut ring = KeyRing::default();
        let mut live: Vec<&RingKey> = keys.iter().filter(|k| k.verify_until.is_none_or(|end| end > now)).collect();
        live.sort_by_key(|key| key.signs_from);
        for key in &live[live.len().saturating_sub(MAX_KEYS)..] {
            let signing = SigningKey::parse(&key.material)?;
            ring.keys.push(Arc::new(VerifyingKey::of_signing(&signing)?));
            let public = signing.public();
            ring.published.extend(public.and_then(|p| jwk::published(&p, signing.kid(), signing.algorithm())));
            if key.signs_from <= now {
                ring.signer = Some(Arc::new(signing));
            }
        }
        let moments = keys.iter().flat_map(|key| [Some(key.signs_from), key.verify_until]).flatten();
        ring.next_change = moments.filter(|moment| *moment > now).min();
        Ok(ring)
    }

    /// The key that signs now; `None` for a foreign ring, or before any key may sign.
    pub fn signer(&self) -> Option<&Arc<SigningKey>> {
        self.signer.as_ref()
    }

    /// All keys that verify.
    pub fn keys(&self) -> &[Arc<VerifyingKey>] {
        &self.keys
    }

    /// When this ring stops being right and must be made again; `None`: never by itself.
    pub fn next_change(&self) -> Option<UnixTime> {
        self.next_change
    }

    /// The published keys (RFC 7517 §5); symmetric ones are not among them.
    pub fn jwks(&self) -> Value {
        json!({ "keys": self.published })
    }

    /// The keys a token may be tried with: those of its `kid` (or, if none bears it,
    /// those without a name), and of no other algorithm than the header repeats.
    pub fn candidates<'a>(
        &'a self,
        kid: Option<&'a str>,
        algorithm: Algorithm,
    ) -> impl Iterator<Item = &'a Arc<VerifyingKey>> {
        let bears = move |key: &VerifyingKey| key.kid().map(|own| own.as_str()) == kid;
        let named = kid.is_some() && self.keys.iter().any(|key| bears(key));
        self.keys.iter().filter(move |key| {
            key.algorithm() == algorithm && (kid.is_none() || if named { bears(key) } else { key.kid().is_none() })
        })
    }
}

#[cfg(test)]
mod tests;
