//! `Directory` on SQLite: clients and users through bounded caches, "there is none"
//! included, so that a token request costs no read and a flood of made-up names
//! costs no memory. The follower empties what the log says has changed.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;
use rusqlite::Connection;

use crate::clock::UnixTime;
use crate::oauth::bot::KeptBot;
use crate::oauth::client::Client;
use crate::oauth::store::{AtHand, Directory, StoreError};
use crate::oauth::user::User;
use crate::store::change::{Change, Topic};
use crate::store::column::refused;
use crate::store::database::Store;
use crate::store::{bot, client, user};
use crate::token::id::{ClientId, IssuerName, Subject, UserName};
use crate::token::secret::{Secret, SecretDigest};

/// Entries per cache; with more the least used go and are read again.
const ENTRIES: u64 = 10_000;

/// Clients and users as they were read.
pub struct Caches {
    clients: Shelf<ClientId, Client>,
    keys: Shelf<[u8; 32], ClientId>,
    bots: Shelf<Subject, KeptBot>,
    users: Shelf<UserName, User>,
    /// Opened, as those of the file are in memory too: a request that needs one cannot
    /// wait for the disk.
    backend_tokens: Shelf<Subject, Secret>,
}

impl Default for Caches {
    fn default() -> Caches {
        Caches {
            clients: Shelf::new(),
            keys: Shelf::new(),
            bots: Shelf::new(),
            users: Shelf::new(),
            backend_tokens: Shelf::new(),
        }
    }
}

struct Shelf<K, V> {
    cache: Cache<(IssuerName, K), Option<Arc<V>>>,
    /// Grows with every invalidation, so that a read which began before one does not
    /// put back what it found.
    turn: AtomicU64,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Send + Sync + 'static> Shelf<K, V> {
    fn new() -> Shelf<K, V> {
        Shelf { cache: Cache::new(ENTRIES), turn: AtomicU64::new(0) }
    }

    fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    fn put(&self, key: (IssuerName, K), value: Option<Arc<V>>, turn: u64)
    where
        K: Clone,
    {
        self.cache.insert(key.clone(), value);
        // Looked at after the insert: whoever invalidates from here on finds the entry.
        if self.turn() != turn {
            self.cache.invalidate(&key);
        }
    }

    /// For a change that does not say under which keys it was read.
    fn forget_all(&self) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate_all();
    }

    fn forget(&self, key: &(IssuerName, K)) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate(key);
    }
}

impl Directory for Store {
    async fn client(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        let shelf = &self.inner.caches.clients;
        let key = (issuer.clone(), id.clone());
        if let Some(known) = shelf.cache.get(&key) {
            return Ok(known);
        }
        let turn = shelf.turn();
        let (issuer, id) = key.clone();
        let found = self.read(move |connection| client::find(connection, &issuer, &id).map_err(refused)).await?;
        let found = found.map(Arc::new);
        shelf.put(key, found.clone(), turn);
        Ok(found)
    }

    async fn client_of_key(&self, issuer: &IssuerName, key: SecretDigest) -> Result<Option<ClientId>, StoreError> {
        let shelf = &self.inner.caches.keys;
        let place = (issuer.clone(), key.0);
        if let Some(known) = shelf.cache.get(&place) {
            return Ok(known.as_deref().cloned());
        }
        let (turn, issuer) = (shelf.turn(), issuer.clone());
        let found = self.read(move |connection| client::of_key(connection, &issuer, key).map_err(refused)).await?;
        shelf.put(place, found.clone().map(Arc::new), turn);
        Ok(found)
    }

    async fn bot(&self, issuer: &IssuerName, id: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
        let shelf = &self.inner.caches.bots;
        let key = (issuer.clone(), id.clone());
        if let Some(known) = shelf.cache.get(&key) {
            return Ok(known);
        }
        let turn = shelf.turn();
        let (issuer, id) = key.clone();
        let found = self.read(move |connection| bot::find(connection, &issuer, &id).map_err(refused)).await?;
        let found = found.map(Arc::new);
        shelf.put(key, found.clone(), turn);
        Ok(found)
    }

    async fn backend_token(&self, issuer: &IssuerName, of: &Subject) -> Result<Option<Arc<Secret>>, StoreError> {
        let shelf = &self.inner.caches.backend_tokens;
        let key = (issuer.clone(), of.clone());
        if let Some(known) = shelf.cache.get(&key) {
            return Ok(known);
        }
        let turn = shelf.turn();
        let (issuer, subject) = key.clone();
        let read = move |connection: &Connection| user::backend_token(connection, &issuer, &subject).map_err(refused);
        let stored = self.read(read).await?;
        let found = stored.map(|stored| self.inner.vault.reveal_token(stored)).transpose()?.map(Arc::new);
        shelf.put(key, found.clone(), turn);
        Ok(found)
    }

    fn backend_token_at_hand(&self, issuer: &IssuerName, of: &Subject) -> AtHand {
        let known = self.inner.caches.backend_tokens.cache.get(&(issuer.clone(), of.clone()));
        known.map_or(AtHand::Unknown, AtHand::Known)
    }

    async fn user(&self, issuer: &IssuerName, name: &UserName) -> Result<Option<Arc<User>>, StoreError> {
        let shelf = &self.inner.caches.users;
        let key = (issuer.clone(), name.clone());
        if let Some(known) = shelf.cache.get(&key) {
            return Ok(known);
        }
        let turn = shelf.turn();
        let (issuer, name) = key.clone();
        let found = self.read(move |connection| user::find(connection, &issuer, &name).map_err(refused)).await?;
        let found = found.map(Arc::new);
        shelf.put(key, found.clone(), turn);
        Ok(found)
    }

    async fn subject(&self, issuer: &IssuerName, subject: &Subject) -> Result<Option<Arc<User>>, StoreError> {
        let (issuer, subject) = (issuer.clone(), subject.clone());
        let found = self.read(move |connection| user::of_subject(connection, &issuer, &subject).map_err(refused));
        Ok(found.await?.map(Arc::new))
    }

    fn secret_used(&self, issuer: &IssuerName, id: &ClientId, slot: u8, now: UnixTime) {
        self.inner.usage.note(issuer, id, slot, now);
    }
}

impl Store {
    /// Forgets what the caches hold of a client: with it its keys, and its bots, which go
    /// when it goes.
    pub(super) fn forget_client(&self, issuer: &IssuerName, id: &ClientId) {
        let caches = &self.inner.caches;
        caches.clients.forget(&(issuer.clone(), id.clone()));
        caches.keys.forget_all();
        caches.bots.forget_all();
    }

    /// Forgets what the caches hold of the thing that was changed.
    pub fn forget_changed(&self, change: &Change) {
        let caches = &self.inner.caches;
        match change.topic {
            Topic::Bot => caches.bots.forget(&(change.issuer.clone(), Subject::new(change.name.as_str()))),
            Topic::Client => self.forget_client(&change.issuer, &ClientId::new(change.name.as_str())),
            Topic::User => {
                caches.users.forget(&(change.issuer.clone(), UserName::new(change.name.as_str())));
                caches.backend_tokens.forget_all();
            }
            Topic::Keys | Topic::Revocation => {}
        }
    }
}
