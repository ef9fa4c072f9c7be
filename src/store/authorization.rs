//! `AuthorizationStore` on SQLite. Every write is one piece of the writer's
//! transaction, as for the grants.

use crate::clock::UnixTime;
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::pending::Pending;
use crate::oauth::authorize::store::{AuthorizationStore, CodeTaken, Consent, KeptCode, Left, Redemption, Sent};
use crate::oauth::store::StoreError;
use crate::revocation::narrowing::Narrowing;
use crate::revocation::notice::Notice;
use crate::store::column::refused;
use crate::store::database::Store;
use crate::store::{code, consent, pending, take_back};
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::secret::SecretDigest;

impl AuthorizationStore for Store {
    async fn keep_pending(&self, waiting: Pending) -> Result<(), StoreError> {
        self.write(move |connection| pending::keep(connection, &waiting).map_err(refused)).await
    }

    async fn find_pending(&self, number: SecretDigest, now: UnixTime) -> Result<Option<Pending>, StoreError> {
        self.read(move |connection| pending::find(connection, number, now).map_err(refused)).await
    }

    async fn drop_pending(&self, number: SecretDigest) -> Result<Sent, StoreError> {
        self.write(move |connection| pending::end(connection, number).map_err(refused)).await
    }

    async fn send_code(&self, sent: Code, number: Option<SecretDigest>) -> Result<Sent, StoreError> {
        self.write(move |connection| {
            if let Some(number) = number
                && pending::end(connection, number).map_err(refused)? == Sent::Gone
            {
                return Ok(Sent::Gone);
            }
            code::keep(connection, &sent).and_then(|()| consent::remember(connection, &sent)).map_err(refused)?;
            Ok(Sent::Done)
        })
        .await
    }

    async fn find_code(&self, digest: SecretDigest) -> Result<Option<KeptCode>, StoreError> {
        self.read(move |connection| code::find(connection, digest).map_err(refused)).await
    }

    async fn take_code(&self, redemption: Redemption) -> Result<CodeTaken, StoreError> {
        self.write(move |connection| code::take(connection, &redemption)).await
    }

    async fn burn_code(&self, digest: SecretDigest, now: UnixTime) -> Result<(), StoreError> {
        self.write(move |connection| code::burn(connection, digest, now).map_err(refused)).await
    }

    async fn consent(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        now: UnixTime,
    ) -> Result<Option<Consent>, StoreError> {
        let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
        self.read(move |connection| consent::find(connection, (&issuer, &subject, &client), now).map_err(refused)).await
    }

    async fn consents(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> Result<Vec<Consent>, StoreError> {
        let (issuer, subject) = (issuer.clone(), subject.clone());
        self.read(move |connection| consent::list(connection, &issuer, &subject, now).map_err(refused)).await
    }

    async fn narrow(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        left: Left,
    ) -> Result<Vec<Narrowing>, StoreError> {
        let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
        self.write(move |connection| {
            take_back::narrow(connection, (&issuer, &subject, &client), &left).map_err(refused)
        })
        .await
    }

    async fn take_back(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Option<Vec<Notice>>, StoreError> {
        let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
        self.write(move |connection| take_back::take_back(connection, (&issuer, &subject, &client), until)).await
    }
}
