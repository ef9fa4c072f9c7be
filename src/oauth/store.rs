//! What the grants need to remember, as one narrow trait with its laws. Declared
//! here because the grants are what must hold when a process dies or a second
//! gateway answers at the same time; `store` implements it.
//!
//! Laws, for every implementation:
//! 1. *Durable before the answer*: when a future resolves to `Ok`, the effect
//!    survives `kill -9` and a power cut.
//! 2. *Atomic*: every call is one transaction; a caller never sees half of one, and
//!    `take_refresh` gives `Fresh` at most once per token, whoever asks.
//! 3. *Dead families stay dead*: once a notice covers a family, `open_family` and
//!    `take_refresh` of it fail or answer `Unknown`/`Replayed`.
//! 4. *No secret at rest*: only digests and sealed answers are handed in.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::clock::{Seconds, UnixTime};
use crate::oauth::application_store::ApplicationStore;
use crate::oauth::authorize::store::AuthorizationStore;
use crate::oauth::bot::KeptBot;
use crate::oauth::client::Client;
use crate::oauth::issuer::Sessions;
use crate::oauth::session::SessionStore;
use crate::oauth::user::User;
use crate::revocation::notice::Notice;
use crate::token::handle::Handle;
use crate::token::id::{ClientId, FamilyId, IssuerName, Subject, UserName};
use crate::token::scope::Scopes;
use crate::token::secret::{Secret, SecretDigest};

/// The store could not answer. The text is for the operator's log only.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreError {
    /// What failed and why; never holds a value that came from a request.
    pub detail: String,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for StoreError {}

/// One grant from which tokens descend.
#[derive(Clone, Debug)]
pub struct Family {
    /// Its number.
    pub id: FamilyId,
    /// Whose grant.
    pub issuer: IssuerName,
    /// To which client.
    pub client: ClientId,
    /// For which person.
    pub subject: Subject,
    /// The name he signed in with, to look him up again at each refresh.
    pub user: UserName,
    /// What was granted; a refresh may narrow its answer but never this.
    pub scopes: Scopes,
    /// Handles by which a notice may cover it.
    pub handles: FamilyHandles,
    /// When it began.
    pub opened: UnixTime,
    /// When it ends at the latest.
    pub expires: Option<UnixTime>,
}

/// The handles a notice may name a family by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FamilyHandles {
    /// The family's own.
    pub family: Handle,
    /// Its subject's.
    pub user: Handle,
    /// Its client's.
    pub client: Handle,
    /// Its issuer's.
    pub issuer: Handle,
}

/// A refresh token to remember.
#[derive(Clone, Debug)]
pub struct NewRefresh {
    /// What is kept of it.
    pub digest: SecretDigest,
    /// When it ends (idle bound and family end, whichever is first).
    pub expires: Option<UnixTime>,
}

/// A refresh token that is remembered, with its family.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// The grant it descends from.
    pub family: Family,
    /// When it ends.
    pub expires: Option<UnixTime>,
    /// It was rotated: presented again it is a repeat or a replay, and never active.
    pub used: bool,
    /// The family was called back.
    pub revoked: bool,
    /// A newer sign-in of its user took its place: refused, and kills nothing.
    pub superseded: bool,
}

/// An opaque access token to remember.
#[derive(Clone, Debug)]
pub struct Access {
    /// What is kept of it.
    pub digest: SecretDigest,
    /// Whose token.
    pub issuer: IssuerName,
    /// Its own handle.
    pub token: Handle,
    /// Its family, if it has one.
    pub family: Option<FamilyId>,
    /// To which client.
    pub client: ClientId,
    /// For whom.
    pub subject: Subject,
    /// What it allows.
    pub scopes: Scopes,
    /// When it was issued.
    pub issued: UnixTime,
    /// When it ends.
    pub expires: Option<UnixTime>,
}

/// One use of a refresh token.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The token that is presented.
    pub parent: SecretDigest,
    /// The present moment.
    pub now: UnixTime,
    /// For how long a repeat is answered alike.
    pub grace: Seconds,
    /// Its successor.
    pub child: NewRefresh,
    /// The access token of the answer, when it is opaque.
    pub access: Option<Access>,
    /// The whole answer, sealed under a key that only the parent's bearer has.
    pub sealed_answer: Vec<u8>,
    /// Tokens that end with this use: recorded in the same transaction, and their rows
    /// forgotten.
    pub retired: Vec<Notice>,
    /// Recorded, in the same transaction, if this turns out to be a replay.
    pub on_replay: Notice,
}

/// A token that the same wish gets again.
#[derive(Clone, Debug)]
pub struct Reusable {
    /// A digest of the wish: issuer, client, subject, scopes.
    pub key: [u8; 32],
    /// The token, sealed under a key that only the wishing client has.
    pub sealed: Vec<u8>,
    /// Its row.
    pub access: Access,
}

/// What became of something that may be used once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Spent {
    /// Now, for the first time.
    Now,
    /// It was before.
    Before,
}

/// What became of a use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Taken {
    /// First use: the child and the sealed answer are stored now.
    Fresh,
    /// Repeated inside the grace, child unused: the answer that was given first.
    Repeated(Vec<u8>),
    /// Used before: the family is dead and the notice is durable.
    Replayed,
    /// Not known, expired, or its family was called back before.
    Unknown,
}

/// What the grants remember. See the laws at the head of this file.
pub trait GrantStore: Send + Sync {
    /// Begins a family with its first refresh token (and the opaque access token). With
    /// `OnePerUser` the refresh tokens of the user's other families are superseded.
    fn open_family(
        &self,
        family: Family,
        first: NewRefresh,
        access: Option<Access>,
        sessions: Sessions,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a refresh token, used or not; `None` if unknown or swept.
    fn find_refresh(&self, digest: SecretDigest) -> impl Future<Output = Result<Option<Refresh>, StoreError>> + Send;

    /// The one atomic use of a refresh token. Also ends the grace of the token's own
    /// parent, since a child was used.
    fn take_refresh(&self, rotation: Rotation) -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Remembers an opaque access token: one that belongs to no family, or one of a
    /// family whose refresh tokens do not rotate.
    fn put_access(&self, access: Access) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// As `put_access`, and what the same wish shall find; an older one is forgotten.
    fn put_reusable(&self, token: Reusable) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The token of that wish, unless it was called back or swept.
    fn find_reusable(&self, key: [u8; 32]) -> impl Future<Output = Result<Option<Reusable>, StoreError>> + Send;

    /// Marks something that may be used once, such as the id of an assertion, as used.
    /// Law: `Now` at most once for a digest until `until`, whoever asks.
    fn spend(&self, digest: [u8; 32], until: UnixTime) -> impl Future<Output = Result<Spent, StoreError>> + Send;

    /// The access tokens of a family that the store knows, each with its end.
    fn access_of_family(
        &self,
        family: FamilyId,
    ) -> impl Future<Output = Result<Vec<(Handle, Option<UnixTime>)>, StoreError>> + Send;

    /// Reads an opaque access token.
    fn find_access(&self, digest: SecretDigest) -> impl Future<Output = Result<Option<Access>, StoreError>> + Send;

    /// Ends every living family that this client got for that person, in one transaction;
    /// the notices that were recorded, to be remembered until `until`.
    fn revoke_sessions(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> impl Future<Output = Result<Vec<Notice>, StoreError>> + Send;

    /// Records notices, and kills the families they cover, in one transaction.
    fn revoke(&self, notices: Vec<Notice>, reason: &'static str)
    -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// What is remembered of something that the store keeps, without a look at the disk.
#[derive(Clone, Debug)]
pub enum AtHand<T> {
    /// It, or that there is none.
    Known(Option<T>),
    /// It has to be looked up.
    Unknown,
}

/// Clients and users that the command line keeps in the store. Laws: an answer may
/// be up to a second old; `None` is an answer, an error is not.
pub trait Directory: Send + Sync {
    /// The client of that id.
    fn client(
        &self,
        issuer: &IssuerName,
        id: &ClientId,
    ) -> impl Future<Output = Result<Option<Arc<Client>>, StoreError>> + Send;

    /// The client one of whose live secrets has this digest, for systems in which the
    /// secret alone names it.
    fn client_of_key(
        &self,
        issuer: &IssuerName,
        key: SecretDigest,
    ) -> impl Future<Output = Result<Option<ClientId>, StoreError>> + Send;

    /// The same, if that needs no look at the disk.
    fn client_of_key_at_hand(&self, issuer: &IssuerName, key: SecretDigest) -> AtHand<Arc<ClientId>>;

    /// The bot of that id, whosesoever it is.
    fn bot(
        &self,
        issuer: &IssuerName,
        id: &Subject,
    ) -> impl Future<Output = Result<Option<Arc<KeptBot>>, StoreError>> + Send;

    /// What the backend itself knows a person by, where he is told it.
    fn backend_token(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Arc<Secret>>, StoreError>> + Send;

    /// The same, if that needs no look at the disk.
    fn backend_token_at_hand(&self, issuer: &IssuerName, subject: &Subject) -> AtHand<Arc<Secret>>;

    /// The user of that name.
    fn user(
        &self,
        issuer: &IssuerName,
        name: &UserName,
    ) -> impl Future<Output = Result<Option<Arc<User>>, StoreError>> + Send;

    /// The user whom tokens call so.
    fn subject(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
    ) -> impl Future<Output = Result<Option<Arc<User>>, StoreError>> + Send;

    /// Notes that a secret was used; to the minute, written lazily, never waited for.
    fn secret_used(&self, issuer: &IssuerName, id: &ClientId, slot: u8, now: UnixTime);
}

/// Everything that an issuer of ours needs to remember: the traits of this folder as one.
pub trait Store: GrantStore + Directory + AuthorizationStore + ApplicationStore + SessionStore {}

impl<S: GrantStore + Directory + AuthorizationStore + ApplicationStore + SessionStore> Store for S {}
