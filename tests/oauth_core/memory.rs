//! A small real store: everything in one lock, each call one transaction, with the
//! laws of `GrantStore`. It can be told to fail, and counts what it was asked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use tollgate::clock::UnixTime;
use tollgate::oauth::authorize::pending::Pending;
use tollgate::oauth::authorize::store::{Consent, KeptCode};
use tollgate::oauth::bot::KeptBot;
use tollgate::oauth::client::Client;
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::session::Session;
use tollgate::oauth::store::{
    Access, AtHand, Directory, Family, GrantStore, NewRefresh, Refresh, Reusable, Rotation, Spent, StoreError, Taken,
};
use tollgate::oauth::user::User;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::{Handle, HandleKind};
use tollgate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use tollgate::token::secret::{Secret, SecretDigest};

#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

#[derive(Default)]
pub struct State {
    pub fails: bool,
    pub families: HashMap<[u8; 16], Family>,
    pub dead: HashSet<[u8; 16]>,
    pub superseded: HashSet<[u8; 16]>,
    pub refresh: HashMap<[u8; 32], Row>,
    pub access: HashMap<[u8; 32], Access>,
    pub reusable: HashMap<[u8; 32], Reusable>,
    pub spent: HashSet<[u8; 32]>,
    pub notices: Vec<Notice>,
    pub clients: HashMap<String, Arc<Client>>,
    pub users: HashMap<String, Arc<User>>,
    pub bots: HashMap<String, Arc<KeptBot>>,
    pub backend_tokens: HashMap<String, Arc<Secret>>,
    pub used_secrets: Vec<(String, u8)>,
    pub pending: HashMap<[u8; 32], Pending>,
    pub codes: HashMap<[u8; 32], KeptCode>,
    pub consents: Vec<Consent>,
    pub sessions: Vec<Session>,
    pub registrations: HashMap<String, SecretDigest>,
}

pub struct Row {
    pub family: [u8; 16],
    pub expires: Option<UnixTime>,
    pub used: Option<UnixTime>,
    pub child: Option<[u8; 32]>,
    pub sealed: Vec<u8>,
}

impl Memory {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub fn working(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.fails { Err(StoreError { detail: "the disk is gone".into() }) } else { Ok(state) }
    }
}

impl Row {
    pub fn new(family: [u8; 16], new: &NewRefresh) -> Row {
        Row { family, expires: new.expires, used: None, child: None, sealed: Vec::new() }
    }
}

impl State {
    fn take(&mut self, rotation: Rotation) -> Taken {
        let Some(row) = self.refresh.get(&rotation.parent.0) else { return Taken::Unknown };
        let family = row.family;
        if self.dead.contains(&family)
            || self.superseded.contains(&family)
            || row.expires.is_some_and(|end| end <= rotation.now)
        {
            return Taken::Unknown;
        }
        if let Some(used) = row.used {
            let child_used = row.child.and_then(|child| self.refresh.get(&child)).is_none_or(|c| c.used.is_some());
            if !child_used && rotation.grace.0 > 0 && rotation.now.since(used) <= rotation.grace {
                return Taken::Repeated(row.sealed.clone());
            }
            self.dead.insert(family);
            self.notices.push(rotation.on_replay);
            return Taken::Replayed;
        }
        let retired: Vec<Handle> = rotation.retired.iter().map(|notice| notice.handle).collect();
        self.access.retain(|_, access| !retired.contains(&access.token));
        self.refresh.insert(rotation.child.digest.0, Row::new(family, &rotation.child));
        if let Some(access) = rotation.access {
            self.access.insert(access.digest.0, access);
        }
        let child = Some(rotation.child.digest.0);
        let used = Row { used: Some(rotation.now), child, sealed: rotation.sealed_answer, family, expires: None };
        let before = self.refresh.insert(rotation.parent.0, used);
        let expires = before.and_then(|row| row.expires);
        if let Some(row) = self.refresh.get_mut(&rotation.parent.0) {
            row.expires = expires;
        }
        Taken::Fresh
    }
}

impl GrantStore for Memory {
    async fn open_family(
        &self,
        family: Family,
        first: NewRefresh,
        access: Option<Access>,
        sessions: Sessions,
    ) -> Result<(), StoreError> {
        let mut state = self.working()?;
        if sessions == Sessions::OnePerUser {
            let same = state.families.values().filter(|other| other.handles.user == family.handles.user);
            let others: Vec<_> = same.map(|other| other.id.0).collect();
            state.superseded.extend(others);
        }
        state.refresh.insert(first.digest.0, Row::new(family.id.0, &first));
        state.families.insert(family.id.0, family);
        state.access.extend(access.map(|access| (access.digest.0, access)));
        Ok(())
    }

    async fn find_refresh(&self, digest: SecretDigest) -> Result<Option<Refresh>, StoreError> {
        let state = self.working()?;
        Ok(state.refresh.get(&digest.0).map(|row| Refresh {
            family: state.families[&row.family].clone(),
            expires: row.expires,
            used: row.used.is_some(),
            revoked: state.dead.contains(&row.family) || state.superseded.contains(&row.family),
            superseded: state.superseded.contains(&row.family),
        }))
    }

    async fn take_refresh(&self, rotation: Rotation) -> Result<Taken, StoreError> {
        Ok(self.working()?.take(rotation))
    }

    async fn put_access(&self, access: Access) -> Result<(), StoreError> {
        self.working()?.access.insert(access.digest.0, access);
        Ok(())
    }

    async fn put_reusable(&self, token: Reusable) -> Result<(), StoreError> {
        self.put_access(token.access.clone()).await?;
        self.working()?.reusable.insert(token.key, token);
        Ok(())
    }

    async fn find_reusable(&self, key: [u8; 32]) -> Result<Option<Reusable>, StoreError> {
        let state = self.working()?;
        let found = state.reusable.get(&key).filter(|token| state.access.contains_key(&token.access.digest.0));
        Ok(found.cloned())
    }

    async fn spend(&self, digest: [u8; 32], _: UnixTime) -> Result<Spent, StoreError> {
        Ok(if self.working()?.spent.insert(digest) { Spent::Now } else { Spent::Before })
    }

    async fn access_of_family(&self, family: FamilyId) -> Result<Vec<(Handle, Option<UnixTime>)>, StoreError> {
        let state = self.working()?;
        let of = state.access.values().filter(|access| access.family == Some(family));
        Ok(of.map(|access| (access.token, access.expires)).collect())
    }

    async fn find_access(&self, digest: SecretDigest) -> Result<Option<Access>, StoreError> {
        Ok(self.working()?.access.get(&digest.0).cloned())
    }

    async fn revoke_sessions(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Vec<Notice>, StoreError> {
        let notices: Vec<Notice> = {
            let state = self.working()?;
            let of = |family: &&Family| family.subject == *subject && family.client == *client;
            let living = state.families.values().filter(of).filter(|family| !state.dead.contains(&family.id.0));
            living
                .map(|family| Notice {
                    kind: HandleKind::Family,
                    issuer: issuer.clone(),
                    handle: family.handles.family,
                    issued_before: None,
                    until,
                })
                .collect()
        };
        self.revoke(notices.clone(), "client").await?;
        Ok(notices)
    }

    async fn revoke(&self, notices: Vec<Notice>, _reason: &'static str) -> Result<(), StoreError> {
        let mut state = self.working()?;
        for notice in notices {
            let covers = |family: &Family| family.handles.family == notice.handle;
            let dead: Vec<_> = state.families.values().filter(|f| covers(f)).map(|f| f.id.0).collect();
            state.dead.extend(dead);
            state.notices.push(notice);
        }
        Ok(())
    }
}

impl Directory for Memory {
    async fn client(&self, _: &IssuerName, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        Ok(self.working()?.clients.get(id.as_str()).cloned())
    }

    async fn client_of_key(&self, _: &IssuerName, key: SecretDigest) -> Result<Option<ClientId>, StoreError> {
        let state = self.working()?;
        let bears = |client: &&Arc<Client>| client.secrets.iter().any(|secret| secret.digest == key);
        Ok(state.clients.values().find(bears).map(|client| client.id.clone()))
    }

    fn client_of_key_at_hand(&self, _: &IssuerName, _: SecretDigest) -> AtHand<Arc<ClientId>> {
        AtHand::Unknown
    }

    async fn bot(&self, _: &IssuerName, id: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
        Ok(self.working()?.bots.get(id.as_str()).cloned())
    }

    async fn backend_token(&self, _: &IssuerName, subject: &Subject) -> Result<Option<Arc<Secret>>, StoreError> {
        Ok(self.working()?.backend_tokens.get(subject.as_str()).cloned())
    }

    fn backend_token_at_hand(&self, _: &IssuerName, _: &Subject) -> AtHand<Arc<Secret>> {
        AtHand::Unknown
    }

    async fn user(&self, _: &IssuerName, name: &UserName) -> Result<Option<Arc<User>>, StoreError> {
        Ok(self.working()?.users.get(name.as_str()).cloned())
    }

    async fn subject(&self, _: &IssuerName, subject: &Subject) -> Result<Option<Arc<User>>, StoreError> {
        Ok(self.working()?.users.values().find(|user| user.subject == *subject).cloned())
    }

    fn secret_used(&self, _: &IssuerName, id: &ClientId, slot: u8, _: UnixTime) {
        self.state().used_secrets.push((id.as_str().to_owned(), slot));
    }
}
