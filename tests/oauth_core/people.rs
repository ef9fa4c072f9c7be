//! What the store in memory keeps of people: requests, codes, agreements, applications
//! and sessions, with the laws of their traits.

use std::sync::Arc;

use tollgate::clock::UnixTime;
use tollgate::oauth::application_store::{Alteration, Altered, ApplicationStore, KeptApplication};
use tollgate::oauth::authorize::code::Code;
use tollgate::oauth::authorize::pending::Pending;
use tollgate::oauth::authorize::store::{AuthorizationStore, CodeTaken, Consent, KeptCode, Left, Redemption, Sent};
use tollgate::oauth::client::{Approval, Client, ClientSecret};
use tollgate::oauth::session::{Session, SessionId, SessionStore, Which};
use tollgate::oauth::store::{Family, StoreError};
use tollgate::revocation::narrowing::Narrowing;
use tollgate::revocation::notice::Notice;
use tollgate::token::handle::HandleKind;
use tollgate::token::id::{ClientId, IssuerName, Subject};
use tollgate::token::secret::SecretDigest;

use crate::memory::{Memory, Row};

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

    async fn narrow(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        left: Left,
    ) -> Result<Vec<Narrowing>, StoreError> {
        let mut state = self.working()?;
        for consent in state.consents.iter_mut().filter(|c| c.subject == *subject && c.client == *client) {
            consent.scopes = left.keep.clone();
        }
        let mut out = Vec::new();
        for family in state.families.values_mut().filter(|f| f.subject == *subject && f.client == *client) {
            family.scopes = family.scopes.intersection(&left.with_held);
            let (family, left) = (family.handles.family, left.clone());
            out.push(Narrowing { issuer: issuer.clone(), family, left: left.with_held, until: left.until });
        }
        Ok(out)
    }

    async fn take_back(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Option<Vec<Notice>>, StoreError> {
        let mut state = self.working()?;
        let before = state.consents.len();
        state.consents.retain(|consent| consent.subject != *subject || consent.client != *client);
        if state.consents.len() == before {
            return Ok(None);
        }
        let his = state.families.values().filter(|f| f.subject == *subject && f.client == *client);
        let dead: Vec<_> = his.map(|family| (family.id.0, family.handles.family)).collect();
        state.dead.extend(dead.iter().map(|(id, _)| *id));
        let notice = |(_, handle)| Notice {
            kind: HandleKind::Family,
            issuer: issuer.clone(),
            handle,
            issued_before: None,
            until,
        };
        Ok(Some(dead.into_iter().map(notice).collect()))
    }
}

impl ApplicationStore for Memory {
    async fn add_application(
        &self,
        _: &IssuerName,
        client: Client,
        registration: Option<SecretDigest>,
        _: UnixTime,
    ) -> Result<(), StoreError> {
        let mut state = self.working()?;
        state.registrations.extend(registration.map(|digest| (client.id.as_str().to_owned(), digest)));
        state.clients.insert(client.id.as_str().to_owned(), Arc::new(client));
        Ok(())
    }

    async fn application(&self, _: &IssuerName, id: &ClientId) -> Result<Option<KeptApplication>, StoreError> {
        let state = self.working()?;
        let kept = |client: &Arc<Client>| KeptApplication {
            client: (**client).clone(),
            created: UnixTime(0),
            secrets: client.secrets.iter().map(|secret| (secret.slot, UnixTime(0), None)).collect(),
            registration: state.registrations.get(id.as_str()).copied(),
        };
        Ok(state.clients.get(id.as_str()).map(kept))
    }

    async fn applications_of(&self, name: &IssuerName, owner: &Subject) -> Result<Vec<KeptApplication>, StoreError> {
        self.those(name, |client| client.application.owner.as_ref() == Some(owner)).await
    }

    async fn waiting_applications(&self, name: &IssuerName) -> Result<Vec<KeptApplication>, StoreError> {
        self.those(name, |client| client.application.approval == Approval::Waiting).await
    }

    async fn alter_application(
        &self,
        _: &IssuerName,
        id: &ClientId,
        change: Alteration,
        _: UnixTime,
    ) -> Result<Altered, StoreError> {
        let mut state = self.working()?;
        let Some(client) = state.clients.get_mut(id.as_str()) else { return Ok(Altered::Missing) };
        let client = Arc::make_mut(client);
        match change {
            Alteration::Edit { name, application, scopes } => {
                (client.display_name, client.application, client.scopes) = (Some(name), *application, scopes);
            }
            Alteration::AddSecret(digest) => {
                let slot = client.secrets.last().map_or(0, |newest| 1 - newest.slot);
                client.secrets.retain(|secret| secret.slot != slot);
                client.secrets.push(ClientSecret { digest, slot });
            }
            Alteration::OnlySecret(digest) => client.secrets = vec![ClientSecret { digest, slot: 0 }],
            Alteration::DropSecret(slot) => client.secrets.retain(|secret| secret.slot != slot),
            Alteration::Approve => client.application.approval = Approval::Approved,
        }
        Ok(Altered::Done)
    }

    async fn remove_application(
        &self,
        _: &IssuerName,
        id: &ClientId,
        notice: Notice,
        _: UnixTime,
    ) -> Result<Altered, StoreError> {
        let mut state = self.working()?;
        state.notices.push(notice);
        state.consents.retain(|consent| consent.client != *id);
        Ok(if state.clients.remove(id.as_str()).is_some() { Altered::Done } else { Altered::Missing })
    }
}

impl Memory {
    async fn those(
        &self,
        name: &IssuerName,
        wanted: impl Fn(&Client) -> bool,
    ) -> Result<Vec<KeptApplication>, StoreError> {
        let ids: Vec<ClientId> = {
            let state = self.working()?;
            state.clients.values().filter(|client| wanted(client)).map(|client| client.id.clone()).collect()
        };
        let mut out = Vec::new();
        for id in ids {
            out.extend(self.application(name, &id).await?);
        }
        Ok(out)
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
