//! `Directory` on SQLite: clients and users through bounded caches, "there is none"
//! included but in a place of its own, so that a token request costs no read and a flood
//! of made-up names neither memory nor anything that is known. The follower empties what
//! the log says has changed.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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

/// Names per cache that are known to mean nothing.
const ABSENT: u64 = 10_000;

/// How long an absence is remembered. The log of changes ends it sooner; this frees what
/// a flood has left behind.
const ABSENT_FOR: Duration = Duration::from_secs(300);

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
    known: Cache<(IssuerName, K), Arc<V>>,
    /// What is not there: whoever makes names up fills this and nothing else.
    absent: Cache<(IssuerName, K), ()>,
    /// Grows with every invalidation, so that a read which began before one does not
    /// put back what it found.
    turn: AtomicU64,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Send + Sync + 'static> Shelf<K, V> {
    fn new() -> Shelf<K, V> {
        let absent = Cache::builder().max_capacity(ABSENT).time_to_live(ABSENT_FOR).build();
        Shelf { known: Cache::new(ENTRIES), absent, turn: AtomicU64::new(0) }
    }

    fn get(&self, key: &(IssuerName, K)) -> AtHand<Arc<V>> {
        match self.known.get(key) {
            Some(value) => AtHand::Known(Some(value)),
            None if self.absent.contains_key(key) => AtHand::Known(None),
            None => AtHand::Unknown,
        }
    }

    fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    fn put(&self, key: (IssuerName, K), value: Option<Arc<V>>, turn: u64)
    where
        K: Clone,
    {
        match value {
            Some(value) => self.known.insert(key.clone(), value),
            None => self.absent.insert(key.clone(), ()),
        }
        // Looked at after the insert: whoever invalidates from here on finds the entry.
        if self.turn() != turn {
            self.drop_entry(&key);
        }
    }

    fn drop_entry(&self, key: &(IssuerName, K)) {
        self.known.invalidate(key);
        self.absent.invalidate(key);
    }

    /// For a change that does not say under which keys it was read.
    fn forget_all(&self) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.known.invalidate_all();
        self.absent.invalidate_all();
    }

    fn forget(&self, key: &(IssuerName, K)) {
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.drop_entry(key);
    }
}

impl Directory for Store {
    async fn client(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        let shelf = &self.inner.caches.clients;
        let key = (issuer.clone(), id.clone());
        if let AtHand::Known(known) = shelf.get(&key) {
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
        if let AtHand::Known(known) = shelf.get(&place) {
            return Ok(known.as_deref().cloned());
        }
        let (turn, issuer) = (shelf.turn(), issuer.clone());
        let found = self.read(move |connection| client::of_key(connection, &issuer, key).map_err(refused)).await?;
        shelf.put(place, found.clone().map(Arc::new), turn);
        Ok(found)
    }

    fn client_of_key_at_hand(&self, issuer: &IssuerName, key: SecretDigest) -> AtHand<Arc<ClientId>> {
        self.inner.caches.keys.get(&(issuer.clone(), key.0))
    }

    async fn bot(&self, issuer: &IssuerName, id: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
        let shelf = &self.inner.caches.bots;
        let key = (issuer.clone(), id.clone());
        if let AtHand::Known(known) = shelf.get(&key) {
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
        if let AtHand::Known(known) = shelf.get(&key) {
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

    fn backend_token_at_hand(&self, issuer: &IssuerName, of: &Subject) -> AtHand<Arc<Secret>> {
        self.inner.caches.backend_tokens.get(&(issuer.clone(), of.clone()))
    }

    async fn user(&self, issuer: &IssuerName, name: &UserName) -> Result<Option<Arc<User>>, StoreError> {
        let shelf = &self.inner.caches.users;
        let key = (issuer.clone(), name.clone());
        if let AtHand::Known(known) = shelf.get(&key) {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{ABSENT, ENTRIES, Shelf};
    use crate::oauth::store::AtHand;
    use crate::token::id::IssuerName;

    fn key(number: u64) -> (IssuerName, u64) {
        (IssuerName::new("main"), number)
    }

    #[test]
    fn made_up_names_push_out_nothing_that_is_known_and_are_bounded() {
        let shelf: Shelf<u64, &str> = Shelf::new();
        shelf.put(key(0), Some(Arc::new("real")), shelf.turn());
        for made_up in 1..4 * (ENTRIES + ABSENT) {
            shelf.put(key(made_up), None, shelf.turn());
        }
        shelf.absent.run_pending_tasks();
        shelf.known.run_pending_tasks();
        assert!(matches!(shelf.get(&key(0)), AtHand::Known(Some(_))));
        assert_eq!((shelf.known.entry_count(), shelf.absent.entry_count()), (1, ABSENT));
    }

    #[test]
    fn a_change_ends_an_absence_and_outruns_a_read_that_began_before_it() {
        let shelf: Shelf<u64, &str> = Shelf::new();
        shelf.put(key(1), None, shelf.turn());
        assert!(matches!(shelf.get(&key(1)), AtHand::Known(None)));
        let before = shelf.turn();
        shelf.forget(&key(1));
        assert!(matches!(shelf.get(&key(1)), AtHand::Unknown));
        shelf.put(key(1), None, before);
        assert!(matches!(shelf.get(&key(1)), AtHand::Unknown));
    }
}
