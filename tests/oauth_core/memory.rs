//! A small real store: everything in one lock, each call one transaction, with the
//! laws of `GrantStore`. It can be told to fail, and counts what it was asked.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

use tollgate::clock::UnixTime;
use tollgate::oauth::authorize::code::Code;
use tollgate::oauth::authorize::pending::Pending;
use tollgate::oauth::authorize::store::{AuthorizationStore, CodeTaken, Consent, KeptCode, Redemption, Sent};
use tollgate::oauth::client::Client;
use tollgate::oauth::issuer::Sessions;
use tollgate::oauth::session::{Session, SessionId, SessionStore, Which};
use tollgate::oauth::store::{Access, Directory, Family, GrantStore, NewRefresh, Refresh, Rotation, StoreError, Taken};
use tollgate::oauth::user::User;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::Handle;
use tollgate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use tollgate::token::secret::SecretDigest;

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
    pub notices: Vec<Notice>,
    pub clients: HashMap<String, Arc<Client>>,
    pub users: HashMap<String, Arc<User>>,
    pub used_secrets: Vec<(String, u8)>,
    pub pending: HashMap<[u8; 32], Pending>,
    pub codes: HashMap<[u8; 32], KeptCode>,
    pub consents: Vec<Consent>,
    pub sessions: Vec<Session>,
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

    fn working(&self) -> Result<MutexGuard<'_, State>, StoreError> {
        let state = self.state();
        if state.fails { Err(StoreError { detail: "the disk is gone".into() }) } else { Ok(state) }
    }
}

impl Row {
    fn new(family: [u8; 16], new: &NewRefresh) -> Row {
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

    async fn access_of_family(&self, family: FamilyId) -> Result<Vec<(Handle, Option<UnixTime>)>, StoreError> {
        let state = self.working()?;
        let of = state.access.values().filter(|access| access.family == Some(family));
        Ok(of.map(|access| (access.token, access.expires)).collect())
    }

    async fn find_access(&self, digest: SecretDigest) -> Result<Option<Access>, StoreError> {
        Ok(self.working()?.access.get(&digest.0).cloned())
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

impl AuthorizationStore for Memory {
    async fn keep_pending(&self, pending: Pending) -> Result<(), StoreError> {
        self.working()?.pending.insert(pending.number.0, pending);
        Ok(())
    }

    async fn find_pending(&self, number: SecretDigest, now: UnixTime) -> Result<Option<Pending>, StoreError> {
        Ok(self.working()?.pending.get(&number.0).filter(|pending| pending.expires > now).cloned())
    }

    async fn drop_pending(&self, number: SecretDigest) -> Result<Sent, StoreError> {
        let gone = self.working()?.pending.remove(&number.0);
        Ok(if gone.is_some() { Sent::Done } else { Sent::Gone })
    }

    async fn send_code(&self, code: Code, pending: Option<SecretDigest>) -> Result<Sent, StoreError> {
        let mut state = self.working()?;
        if pending.is_some_and(|number| state.pending.remove(&number.0).is_none()) {
            return Ok(Sent::Gone);
        }
        state.consents.retain(|consent| (&consent.subject, &consent.client) != (&code.subject, &code.client));
        state.consents.push(Consent {
            issuer: code.issuer.clone(),
            subject: code.subject.clone(),
            client: code.client.clone(),
            scopes: code.scopes.clone(),
            granted: code.issued,
            last_used: None,
            live: false,
        });
        state.codes.insert(code.digest.0, KeptCode { code, used: false });
        Ok(Sent::Done)
    }

    async fn find_code(&self, digest: SecretDigest) -> Result<Option<KeptCode>, StoreError> {
        Ok(self.working()?.codes.get(&digest.0).cloned())
    }

    async fn take_code(&self, redemption: Redemption) -> Result<CodeTaken, StoreError> {
        let mut state = self.working()?;
        let Some(kept) = state.codes.get_mut(&redemption.code.0) else { return Ok(CodeTaken::Unknown) };
        if kept.used {
            state.dead.insert(redemption.family.id.0);
            state.notices.push(redemption.on_replay);
            return Ok(CodeTaken::Replayed);
        }
        if kept.code.expires <= redemption.now {
            return Ok(CodeTaken::Unknown);
        }
        kept.used = true;
        let family = redemption.family;
        state.refresh.extend(redemption.refresh.map(|first| (first.digest.0, Row::new(family.id.0, &first))));
        state.access.extend(redemption.access.map(|access| (access.digest.0, access)));
        state.families.insert(family.id.0, family);
        Ok(CodeTaken::Fresh)
    }

    async fn burn_code(&self, digest: SecretDigest, _: UnixTime) -> Result<(), StoreError> {
        if let Some(kept) = self.working()?.codes.get_mut(&digest.0) {
            kept.used = true;
        }
        Ok(())
    }

    async fn consent(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Consent>, StoreError> {
        Ok(self.consents(issuer, subject, now).await?.into_iter().find(|consent| consent.client == *client))
    }

    async fn consents(&self, _: &IssuerName, subject: &Subject, _: UnixTime) -> Result<Vec<Consent>, StoreError> {
        let state = self.working()?;
        let lives = |consent: &Consent| {
            let of = |family: &&Family| family.subject == consent.subject && family.client == consent.client;
            state.families.values().filter(of).any(|family| !state.dead.contains(&family.id.0))
        };
        let his = state.consents.iter().filter(|consent| consent.subject == *subject);
        Ok(his.map(|consent| Consent { live: lives(consent), ..consent.clone() }).collect())
    }
}

impl SessionStore for Memory {
    async fn begin_session(&self, session: Session) -> Result<(), StoreError> {
        self.working()?.sessions.push(session);
        Ok(())
    }

    async fn find_session(
        &self,
        issuer: &IssuerName,
        digest: SecretDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        let state = self.working()?;
        let lives = |session: &&Session| session.issuer == *issuer && session.digest == digest && session.ends > now;
        Ok(state.sessions.iter().find(lives).cloned())
    }

    async fn keep_session(&self, id: SessionId, seen: UnixTime, ends: UnixTime) -> Result<(), StoreError> {
        if let Some(session) = self.working()?.sessions.iter_mut().find(|session| session.id == id) {
            (session.seen, session.ends) = (seen, ends);
        }
        Ok(())
    }

    async fn sessions_of(&self, _: &IssuerName, subject: &Subject, now: UnixTime) -> Result<Vec<Session>, StoreError> {
        let state = self.working()?;
        let his = state.sessions.iter().filter(|session| session.subject == *subject && session.ends > now);
        Ok(his.cloned().collect())
    }

    async fn end_sessions(&self, _: &IssuerName, subject: &Subject, which: Which) -> Result<usize, StoreError> {
        let mut state = self.working()?;
        let before = state.sessions.len();
        state.sessions.retain(|session| {
            let meant = match which {
                Which::One(id) => session.id == id,
                Which::Others(id) => session.id != id,
            };
            session.subject != *subject || !meant
        });
        Ok(before - state.sessions.len())
    }
}

impl Directory for Memory {
    async fn client(&self, _: &IssuerName, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        Ok(self.working()?.clients.get(id.as_str()).cloned())
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
