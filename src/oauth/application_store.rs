//! Where applications are kept that somebody else than the operator registers. Laws are
//! those of `oauth::store`; a change is seen by this process's next look-up, and by
//! others within a second.

use std::future::Future;

use crate::clock::UnixTime;
use crate::oauth::client::{Application, Client};
use crate::oauth::store::StoreError;
use crate::revocation::notice::Notice;
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// An application with what the store knows beyond the rules.
#[derive(Clone, Debug)]
pub struct KeptApplication {
    /// The client.
    pub client: Client,
    /// When it was registered.
    pub created: UnixTime,
    /// Of each live secret: its slot, when it was made, when it was last used.
    pub secrets: Vec<(u8, UnixTime, Option<UnixTime>)>,
    /// The digest of the token that manages it (RFC 7592).
    pub registration: Option<SecretDigest>,
}

/// A change to an application.
#[derive(Clone, Debug)]
pub enum Alteration {
    /// Everything its owner may say.
    Edit {
        /// What people know it by.
        name: String,
        /// How it sends people here.
        application: Box<Application>,
        /// The most it may ask for.
        scopes: Scopes,
    },
    /// One more secret; with two the older goes.
    AddSecret(SecretDigest),
    /// A secret in place of all.
    OnlySecret(SecretDigest),
    /// One secret ends.
    DropSecret(u8),
    /// It may be used.
    Approve,
}

/// What became of a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Altered {
    /// It is done.
    Done,
    /// There is no such application.
    Missing,
}

/// What is kept of applications.
pub trait ApplicationStore: Send + Sync {
    /// Keeps a new application with its secrets. Its id is fresh chance, so it is new.
    fn add_application(
        &self,
        issuer: &IssuerName,
        client: Client,
        registration: Option<SecretDigest>,
        now: UnixTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// One application; those of the operator are among them.
    fn application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
    ) -> impl Future<Output = Result<Option<KeptApplication>, StoreError>> + Send;

    /// Those of an owner, the oldest first.
    fn applications_of(
        &self,
        issuer: &IssuerName,
        owner: &Subject,
    ) -> impl Future<Output = Result<Vec<KeptApplication>, StoreError>> + Send;

    /// Those that wait for approval, the oldest first.
    fn waiting_applications(
        &self,
        issuer: &IssuerName,
    ) -> impl Future<Output = Result<Vec<KeptApplication>, StoreError>> + Send;

    /// Changes one.
    fn alter_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        change: Alteration,
        now: UnixTime,
    ) -> impl Future<Output = Result<Altered, StoreError>> + Send;

    /// Removes one, and what people granted to it; the notice is recorded with it.
    fn remove_application(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
        notice: Notice,
        now: UnixTime,
    ) -> impl Future<Output = Result<Altered, StoreError>> + Send;
}
