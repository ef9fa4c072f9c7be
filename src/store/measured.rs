//! A store that is watched: passes every call on and tells telemetry how long it took
//! and whether it failed. A wrapper, so that the store itself counts nothing and the
//! service cannot tell the difference. Must never: change an answer.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use crate::clock::UnixTime;
use crate::oauth::application_store::{Alteration, Altered, ApplicationStore, KeptApplication};
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::pending::Pending;
use crate::oauth::authorize::store::{AuthorizationStore, CodeTaken, Consent, KeptCode, Left, Redemption, Sent};
use crate::oauth::bot::KeptBot;
use crate::oauth::client::Client;
use crate::oauth::issuer::Sessions;
use crate::oauth::session::{Session, SessionId, SessionStore, Which};
use crate::oauth::store::{
    Access, AtHand, Directory, Family, GrantStore, NewRefresh, Refresh, Reusable, Rotation, Spent, StoreError, Taken,
};
use crate::oauth::user::User;
use crate::revocation::narrowing::Narrowing;
use crate::revocation::notice::Notice;
use crate::telemetry::Telemetry;
use crate::telemetry::outcome::StoreOutcome;
use crate::token::handle::Handle;
use crate::token::id::FamilyId;
use crate::token::id::{ClientId, IssuerName, Subject, UserName};
use crate::token::secret::{Secret, SecretDigest};

/// A store whose calls are measured, their wait for the commit included.
#[derive(Clone)]
pub struct Measured<S> {
    store: S,
    telemetry: Arc<Telemetry>,
}

impl<S> Measured<S> {
    /// Watches `store`.
    pub fn new(store: S, telemetry: Arc<Telemetry>) -> Measured<S> {
        Measured { store, telemetry }
    }

    /// The store itself.
    pub fn store(&self) -> &S {
        &self.store
    }

    async fn measure<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let answer = call.await;
        let outcome = if answer.is_ok() { StoreOutcome::Done } else { StoreOutcome::Failed };
        self.telemetry.stored(operation, began.elapsed(), outcome);
        answer
    }
}

impl<S: GrantStore> GrantStore for Measured<S> {
    async fn open_family(
        &self,
        family: Family,
        first: NewRefresh,
        access: Option<Access>,
        sessions: Sessions,
    ) -> Result<(), StoreError> {
        self.measure("open_family", self.store.open_family(family, first, access, sessions)).await
    }

    async fn access_of_family(&self, family: FamilyId) -> Result<Vec<(Handle, Option<UnixTime>)>, StoreError> {
        self.measure("access_of_family", self.store.access_of_family(family)).await
    }

    async fn find_refresh(&self, digest: SecretDigest) -> Result<Option<Refresh>, StoreError> {
        self.measure("find_refresh", self.store.find_refresh(digest)).await
    }

    async fn take_refresh(&self, rotation: Rotation) -> Result<Taken, StoreError> {
        self.measure("take_refresh", self.store.take_refresh(rotation)).await
    }

    async fn put_reusable(&self, token: Reusable) -> Result<(), StoreError> {
        self.measure("put_access", self.store.put_reusable(token)).await
    }

    async fn find_reusable(&self, key: [u8; 32]) -> Result<Option<Reusable>, StoreError> {
        self.measure("find_access", self.store.find_reusable(key)).await
    }

    async fn spend(&self, digest: [u8; 32], until: UnixTime) -> Result<Spent, StoreError> {
        self.measure("spend", self.store.spend(digest, until)).await
    }

    async fn put_access(&self, access: Access) -> Result<(), StoreError> {
        self.measure("put_access", self.store.put_access(access)).await
    }

    async fn find_access(&self, digest: SecretDigest) -> Result<Option<Access>, StoreError> {
        self.measure("find_access", self.store.find_access(digest)).await
    }

    async fn revoke_sessions(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Vec<Notice>, StoreError> {
        self.measure("revoke_sessions", self.store.revoke_sessions(issuer, subject, client, until)).await
    }

    async fn revoke(&self, notices: Vec<Notice>, reason: &'static str) -> Result<(), StoreError> {
        self.measure("revoke", self.store.revoke(notices, reason)).await
    }
}

impl<S: AuthorizationStore> AuthorizationStore for Measured<S> {
    async fn keep_pending(&self, pending: Pending) -> Result<(), StoreError> {
        self.measure("keep_pending", self.store.keep_pending(pending)).await
    }

    async fn find_pending(&self, number: SecretDigest, now: UnixTime) -> Result<Option<Pending>, StoreError> {
        self.measure("find_pending", self.store.find_pending(number, now)).await
    }

    async fn drop_pending(&self, number: SecretDigest) -> Result<Sent, StoreError> {
        self.measure("drop_pending", self.store.drop_pending(number)).await
    }

    async fn send_code(&self, code: Code, pending: Option<SecretDigest>) -> Result<Sent, StoreError> {
        self.measure("send_code", self.store.send_code(code, pending)).await
    }

    async fn find_code(&self, digest: SecretDigest) -> Result<Option<KeptCode>, StoreError> {
        self.measure("find_code", self.store.find_code(digest)).await
    }

    async fn take_code(&self, redemption: Redemption) -> Result<CodeTaken, StoreError> {
        self.measure("take_code", self.store.take_code(redemption)).await
    }

    async fn burn_code(&self, digest: SecretDigest, now: UnixTime) -> Result<(), StoreError> {
        self.measure("burn_code", self.store.burn_code(digest, now)).await
    }

    async fn consent(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Consent>, StoreError> {
        self.measure("consent", self.store.consent(issuer, subject, client, now)).await
    }

    async fn consents(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<Vec<Consent>, StoreError> {
        self.measure("consents", self.store.consents(issuer, subject, now)).await
    }

    async fn narrow(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        left: Left,
    ) -> Result<Vec<Narrowing>, StoreError> {
        self.measure("narrow", self.store.narrow(issuer, subject, client, left)).await
    }

    async fn take_back(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Option<Vec<Notice>>, StoreError> {
        self.measure("take_back", self.store.take_back(issuer, subject, client, until)).await
    }
}

impl<S: ApplicationStore> ApplicationStore for Measured<S> {
    async fn add_application(
        &self,
        issuer: &IssuerName,
        client: Client,
        registration: Option<SecretDigest>,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        self.measure("add_application", self.store.add_application(issuer, client, registration, now)).await
    }

    async fn application(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<KeptApplication>, StoreError> {
        self.measure("application", self.store.application(issuer, id)).await
    }

    async fn applications_of(&self, issuer: &IssuerName, owner: &Subject) -> Result<Vec<KeptApplication>, StoreError> {
        self.measure("applications_of", self.store.applications_of(issuer, owner)).await
    }

    async fn waiting_applications(&self, issuer: &IssuerName) -> Result<Vec<KeptApplication>, StoreError> {
        self.measure("waiting_applications", self.store.waiting_applications(issuer)).await
    }

    async fn alter_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        change: Alteration,
        now: UnixTime,
    ) -> Result<Altered, StoreError> {
        self.measure("alter_application", self.store.alter_application(issuer, id, change, now)).await
    }

    async fn remove_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        notice: Notice,
        now: UnixTime,
    ) -> Result<Altered, StoreError> {
        self.measure("remove_application", self.store.remove_application(issuer, id, notice, now)).await
    }
}

impl<S: Directory> Directory for Measured<S> {
    async fn client(&self, issuer: &IssuerName, id: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
        self.measure("client", self.store.client(issuer, id)).await
    }

    async fn client_of_key(&self, issuer: &IssuerName, key: SecretDigest) -> Result<Option<ClientId>, StoreError> {
        self.measure("client_of_key", self.store.client_of_key(issuer, key)).await
    }

    fn client_of_key_at_hand(&self, issuer: &IssuerName, key: SecretDigest) -> AtHand<Arc<ClientId>> {
        self.store.client_of_key_at_hand(issuer, key)
    }

    async fn bot(&self, issuer: &IssuerName, id: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
        self.measure("bot", self.store.bot(issuer, id)).await
    }

    async fn backend_token(&self, issuer: &IssuerName, of: &Subject) -> Result<Option<Arc<Secret>>, StoreError> {
        self.measure("backend_token", self.store.backend_token(issuer, of)).await
    }

    fn backend_token_at_hand(&self, issuer: &IssuerName, of: &Subject) -> AtHand<Arc<Secret>> {
        // Not worth measuring: no look at the disk.
        self.store.backend_token_at_hand(issuer, of)
    }

    async fn user(&self, issuer: &IssuerName, name: &UserName) -> Result<Option<Arc<User>>, StoreError> {
        self.measure("user", self.store.user(issuer, name)).await
    }

    async fn subject(&self, issuer: &IssuerName, subject: &Subject) -> Result<Option<Arc<User>>, StoreError> {
        self.measure("subject", self.store.subject(issuer, subject)).await
    }

    fn secret_used(&self, issuer: &IssuerName, id: &ClientId, slot: u8, now: UnixTime) {
        self.store.secret_used(issuer, id, slot, now);
    }
}

impl<S: SessionStore> SessionStore for Measured<S> {
    async fn begin_session(&self, session: Session) -> Result<(), StoreError> {
        self.measure("begin_session", self.store.begin_session(session)).await
    }

    async fn find_session(
        &self,
        issuer: &IssuerName,
        digest: SecretDigest,
        now: UnixTime,
    ) -> Result<Option<Session>, StoreError> {
        self.measure("find_session", self.store.find_session(issuer, digest, now)).await
    }

    async fn keep_session(&self, id: SessionId, seen: UnixTime, ends: UnixTime) -> Result<(), StoreError> {
        self.measure("keep_session", self.store.keep_session(id, seen, ends)).await
    }

    async fn sessions_of(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<Vec<Session>, StoreError> {
        self.measure("sessions_of", self.store.sessions_of(issuer, subject, now)).await
    }

    async fn end_sessions(&self, issuer: &IssuerName, subject: &Subject, which: Which) -> Result<usize, StoreError> {
        self.measure("end_sessions", self.store.end_sessions(issuer, subject, which)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Measured;
    use crate::clock::{ManualClock, UnixTime};
    use crate::oauth::bot::KeptBot;
    use crate::oauth::client::Client;
    use crate::oauth::store::{AtHand, Directory, StoreError};
    use crate::oauth::user::User;
    use crate::telemetry::Telemetry;
    use crate::token::id::{ClientId, IssuerName, Subject, UserName};
    use crate::token::secret::{Secret, SecretDigest};

    /// Knows no client and cannot be asked for users.
    struct Half;

    impl Directory for Half {
        async fn client(&self, _: &IssuerName, _: &ClientId) -> Result<Option<Arc<Client>>, StoreError> {
            Ok(None)
        }

        async fn client_of_key(&self, _: &IssuerName, _: SecretDigest) -> Result<Option<ClientId>, StoreError> {
            Ok(None)
        }

        fn client_of_key_at_hand(&self, _: &IssuerName, _: SecretDigest) -> AtHand<Arc<ClientId>> {
            AtHand::Unknown
        }

        async fn bot(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<KeptBot>>, StoreError> {
            Ok(None)
        }

        async fn backend_token(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<Secret>>, StoreError> {
            Ok(None)
        }

        fn backend_token_at_hand(&self, _: &IssuerName, _: &Subject) -> AtHand<Arc<Secret>> {
            AtHand::Unknown
        }

        async fn user(&self, _: &IssuerName, _: &UserName) -> Result<Option<Arc<User>>, StoreError> {
            Err(StoreError { detail: "no disk".to_owned() })
        }

        async fn subject(&self, _: &IssuerName, _: &Subject) -> Result<Option<Arc<User>>, StoreError> {
            Ok(None)
        }

        fn secret_used(&self, _: &IssuerName, _: &ClientId, _: u8, _: UnixTime) {}
    }

    #[tokio::test]
    async fn answers_pass_and_are_counted() {
        let telemetry = Telemetry::quiet(1, Arc::new(ManualClock::at(UnixTime(0)))).expect("a registry");
        let store = Measured::new(Half, Arc::clone(&telemetry));
        let issuer = IssuerName::new("main");
        assert!(matches!(store.client(&issuer, &ClientId::new("c")).await, Ok(None)));
        assert!(store.user(&issuer, &UserName::new("u")).await.is_err_and(|error| error.detail == "no disk"));
        let page = telemetry.render().expect("text");
        for line in [
            "tollgate_store_duration_seconds_count{op=\"client\"} 1",
            "tollgate_store_duration_seconds_count{op=\"user\"} 1",
            "tollgate_store_errors_total{op=\"user\"} 1",
            // There before the first error, so that a rate sees it.
            "tollgate_store_errors_total{op=\"client\"} 0",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
    }
}
