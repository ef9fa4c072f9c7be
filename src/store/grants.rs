//! `GrantStore` on SQLite. Every write is one piece of the writer's transaction, so
//! the laws of the trait come from there: durable before the answer, atomic, and one
//! order in which all uses of a token happen.

use crate::clock::UnixTime;
use crate::oauth::issuer::Sessions;
use crate::oauth::store::{
    Access, Family, GrantStore, NewRefresh, Refresh, Reusable, Rotation, Spent, StoreError, Taken,
};
use crate::revocation::notice::Notice;
use crate::store::change::{By, Topic, note};
use crate::store::column::refused;
use crate::store::database::Store;
use crate::store::{access, family, reuse, revocation, rotation, take_back};
use crate::token::handle::Handle;
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject};
use crate::token::secret::SecretDigest;

impl GrantStore for Store {
    async fn open_family(
        &self,
        family: Family,
        first: NewRefresh,
        access: Option<Access>,
        sessions: Sessions,
    ) -> Result<(), StoreError> {
        self.write(move |connection| family::open(connection, &family, Some(&first), access.as_ref(), sessions)).await
    }

    async fn access_of_family(&self, family: FamilyId) -> Result<Vec<(Handle, Option<UnixTime>)>, StoreError> {
        self.read(move |connection| access::of_family(connection, family).map_err(refused)).await
    }

    async fn find_refresh(&self, digest: SecretDigest) -> Result<Option<Refresh>, StoreError> {
        self.read(move |connection| family::find_refresh(connection, digest).map_err(refused)).await
    }

    async fn take_refresh(&self, rotation: Rotation) -> Result<Taken, StoreError> {
        self.write(move |connection| rotation::take(connection, &rotation)).await
    }

    async fn put_access(&self, access: Access) -> Result<(), StoreError> {
        self.write_once(move |connection| access::put(connection, &access)).await
    }

    async fn put_reusable(&self, token: Reusable) -> Result<(), StoreError> {
        self.write(move |connection| {
            access::put(connection, &token.access)?;
            reuse::put(connection, &token).map_err(refused)
        })
        .await
    }

    async fn find_reusable(&self, key: [u8; 32]) -> Result<Option<Reusable>, StoreError> {
        self.read(move |connection| reuse::find(connection, key).map_err(refused)).await
    }

    async fn spend(&self, digest: [u8; 32], until: UnixTime) -> Result<Spent, StoreError> {
        self.write(move |connection| reuse::spend(connection, digest, until).map_err(refused)).await
    }

    async fn find_access(&self, digest: SecretDigest) -> Result<Option<Access>, StoreError> {
        self.read(move |connection| access::find(connection, digest).map_err(refused)).await
    }

    async fn revoke_sessions(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> Result<Vec<Notice>, StoreError> {
        let (issuer, subject, client) = (issuer.clone(), subject.clone(), client.clone());
        self.write(move |connection| take_back::end_families(connection, (&issuer, &subject, &client), until, "client"))
            .await
    }

    async fn revoke(&self, notices: Vec<Notice>, reason: &'static str) -> Result<(), StoreError> {
        self.write(move |connection| {
            notices.iter().try_for_each(|n| revocation::record(connection, n, reason).map(|_| ()))
        })
        .await
    }
}

impl Store {
    /// `find_refresh` for a thread that may wait for the disk.
    pub fn look_up_refresh(&self, digest: SecretDigest) -> Result<Option<Refresh>, StoreError> {
        family::find_refresh(&self.connection()?, digest).map_err(refused)
    }

    /// `find_access` for a thread that may wait for the disk.
    pub fn look_up_access(&self, digest: SecretDigest) -> Result<Option<Access>, StoreError> {
        access::find(&self.connection()?, digest).map_err(refused)
    }

    /// Records the operator's notices, all or none, and one line in the log of changes
    /// that says what was called back: `name` is for the audit log.
    pub fn revoke_by_operator(&self, notices: Vec<Notice>, name: &str, by: By) -> Result<(), StoreError> {
        let name = name.to_owned();
        self.write_now(move |connection| {
            for notice in &notices {
                revocation::record(connection, notice, "operator")?;
            }
            match notices.first() {
                Some(first) => note(connection, Topic::Revocation, &first.issuer, &name, "revoked", &by),
                None => Ok(()),
            }
        })
    }

    /// Records notices from a thread, such as one batch of an import; the number of
    /// those that said something new.
    pub fn record_revocations(&self, notices: Vec<Notice>, reason: &'static str) -> Result<usize, StoreError> {
        self.write_now(move |connection| {
            notices.iter().try_fold(0, |new, notice| {
                let outcome = revocation::record(connection, notice, reason)?;
                Ok(new + usize::from(outcome == revocation::Recorded::New))
            })
        })
    }
}
