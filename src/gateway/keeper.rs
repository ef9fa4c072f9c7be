//! Keeps the world's keys right while the process runs: makes the rings again when the
//! store's log names a key or a key's time has come, and sees to it that the next key
//! is there before it is due. Called by the follower, on its thread.

use std::sync::Arc;

use serde::Serialize;

use crate::clock::UnixTime;
use crate::edge::shared::Shared;
use crate::edge::traffic::moment;
use crate::follower::Listener;
use crate::gateway::rings;
use crate::oauth::store::StoreError;
use crate::random::Random;
use crate::snapshot::World;
use crate::store::Store;
use crate::store::change::{By, Change, Topic};
use crate::token::ring::KeyRing;

/// The follower's ear.
pub struct Keeper {
    /// Where the rings go.
    pub shared: Arc<Shared>,
    /// Where keys come from.
    pub store: Store,
    /// For new keys.
    pub random: Arc<dyn Random>,
}

/// A change of the store, for the audit log.
#[derive(Serialize)]
struct Changed<'a> {
    event: &'static str,
    issuer: &'a str,
    name: &'a str,
    action: &'a str,
    actor: &'a str,
}

impl Keeper {
    /// Makes the rings of the present snapshot and puts them into the world.
    pub fn renew(&self, now: UnixTime) -> Result<(), StoreError> {
        let world = self.shared.worlds.load();
        let fresh = rings::rings(&world.snapshot, &self.store, now)?;
        self.swap_in(fresh);
        Ok(())
    }

    fn swap_in(&self, fresh: Vec<Arc<KeyRing>>) {
        self.shared.worlds.replace(|world| World {
            generation: world.generation,
            snapshot: Arc::clone(&world.snapshot),
            rings: fresh.clone(),
        });
        self.tell_ends();
    }

    /// The gauges of when each key's part ends.
    pub fn tell_ends(&self) {
        let world = self.shared.worlds.load();
        let mut ends: Vec<(String, &'static str, UnixTime)> = Vec::new();
        for issuer in &world.snapshot.issuers {
            let current = world.rings.get(issuer.profile).and_then(|ring| ring.signer().map(|s| s.kid().clone()));
            // Without the store there is no news about keys; the next minute asks again.
            for key in self.store.keys(&issuer.name).unwrap_or_default() {
                let is_current = current.as_ref() == Some(&key.material.kid);
                let due = match (is_current, issuer.keys.rotate) {
                    (true, Some(age)) => Some(key.signs_from.after(age)),
                    (true, None) => None,
                    (false, _) => key.verify_until.or(Some(key.signs_from)),
                };
                let state = match (is_current, key.verify_until) {
                    (true, _) => "current",
                    (false, Some(_)) => "retired",
                    (false, None) => "next",
                };
                ends.extend(due.map(|due| (key.material.kid.to_string(), state, due)));
            }
        }
        let ends: Vec<_> = ends.iter().map(|(kid, state, end)| (kid.as_str(), *state, *end)).collect();
        self.shared.telemetry.signing_keys(&ends);
    }

    fn housekeeping(&self, now: UnixTime) -> Result<(), StoreError> {
        let world = self.shared.worlds.load();
        let by = By { actor: "gateway".to_owned(), now };
        for issuer in &world.snapshot.issuers {
            for (name, keys) in issuer.key_settings() {
                self.store.ensure_keys(&name, keys, &*self.random, by.clone())?;
            }
        }
        if rings::next_change(&world.rings).is_some_and(|moment| moment <= now) {
            self.renew(now)?;
        }
        Ok(())
    }
}

impl Listener for Keeper {
    fn changed(&mut self, change: &Change) {
        let event = match change.topic {
            Topic::Bot => "bot_changed",
            Topic::Client => "client_changed",
            Topic::User => "user_changed",
            Topic::Keys => "keys_rotated",
            Topic::Revocation => "revoked",
        };
        let (issuer, name) = (change.issuer.as_str(), change.name.as_str());
        let (action, actor) = (change.action.as_str(), change.actor.as_str());
        self.shared.telemetry.audit(None, &Changed { event, issuer, name, action, actor });
        if change.topic == Topic::Keys
            && let Err(error) = self.renew(self.shared.clock.now())
        {
            self.failed(&error);
        }
    }

    fn minute(&mut self, now: UnixTime) {
        if let Err(error) = self.housekeeping(now) {
            self.failed(&error);
        }
        self.shared.service.throttle.sweep(now);
        self.shared.limits.sweep(moment::now());
    }

    fn failed(&mut self, error: &StoreError) {
        tracing::error!(%error, "the store could not be read; revocations and keys are as old as the last success");
    }
}
