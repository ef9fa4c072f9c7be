//! What authorization needs to remember, as one narrow trait. Its laws are those of
//! `oauth::store` (durable before the answer, atomic, dead families stay dead, no
//! secret at rest), and two of its own:
//! 1. `take_code` gives `Fresh` at most once per code, whoever asks and however many
//!    ask at once; every later use kills what the first made, in the same transaction.
//! 2. `send_code` makes at most one code of a pending request.

use std::future::Future;

use crate::clock::UnixTime;
use crate::oauth::authorize::code::Code;
use crate::oauth::authorize::pending::Pending;
use crate::oauth::issuer::Sessions;
use crate::oauth::store::{Access, Family, NewRefresh, StoreError};
use crate::revocation::narrowing::Narrowing;
use crate::revocation::notice::Notice;
use crate::token::id::{ClientId, IssuerName, Subject};
use crate::token::scope::Scopes;
use crate::token::secret::SecretDigest;

/// A code that is kept, used or not.
#[derive(Clone, Debug)]
pub struct KeptCode {
    /// The code.
    pub code: Code,
    /// Somebody presented it before.
    pub used: bool,
}

/// One use of a code.
#[derive(Clone, Debug)]
pub struct Redemption {
    /// The code that is presented.
    pub code: SecretDigest,
    /// The present moment.
    pub now: UnixTime,
    /// The family that begins.
    pub family: Family,
    /// Its first refresh token, if it gets one.
    pub refresh: Option<NewRefresh>,
    /// The access token of the answer, when it is opaque.
    pub access: Option<Access>,
    /// What the sign-in does to those before.
    pub sessions: Sessions,
    /// Recorded, in the same transaction, if this turns out to be a second use.
    pub on_replay: Notice,
}

/// What became of a use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeTaken {
    /// First use: family and tokens are stored now.
    Fresh,
    /// Used before: what the first use made is dead and the notice is durable.
    Replayed,
    /// Not known, ended, or what it stands on was called back before.
    Unknown,
}

/// What became of an agreement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// The code and the agreement are stored.
    Done,
    /// The pending request had ended or was answered before: nothing is stored.
    Gone,
}

/// What a person has granted to an application, as it was last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Consent {
    /// Whose grant.
    pub issuer: IssuerName,
    /// By whom.
    pub subject: Subject,
    /// To which client.
    pub client: ClientId,
    /// What.
    pub scopes: Scopes,
    /// When first.
    pub granted: UnixTime,
    /// When a token was last made of it.
    pub last_used: Option<UnixTime>,
    /// Whether a token that descends from it can still be used.
    pub live: bool,
}

/// What a person leaves of a grant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// The scopes.
    pub keep: Scopes,
    /// Those, and the ones they hold.
    pub with_held: Scopes,
    /// When the last token with more has ended by itself.
    pub until: UnixTime,
}

/// What is remembered of requests, codes and agreements.
pub trait AuthorizationStore: Send + Sync {
    /// Keeps a request that waits for its person; beyond `MOST_WAITING` the oldest are
    /// forgotten.
    fn keep_pending(&self, pending: Pending) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Reads a request that waits; `None` if it is unknown, answered or has ended.
    fn find_pending(
        &self,
        number: SecretDigest,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Pending>, StoreError>> + Send;

    /// Ends a request that was denied; `Gone` if it had ended.
    fn drop_pending(&self, number: SecretDigest) -> impl Future<Output = Result<Sent, StoreError>> + Send;

    /// Keeps a code and what was agreed to, and ends the request it answers, if that had
    /// to wait.
    fn send_code(
        &self,
        code: Code,
        pending: Option<SecretDigest>,
    ) -> impl Future<Output = Result<Sent, StoreError>> + Send;

    /// Reads a code, used or not; `None` if unknown or swept.
    fn find_code(&self, digest: SecretDigest) -> impl Future<Output = Result<Option<KeptCode>, StoreError>> + Send;

    /// The one atomic use of a code.
    fn take_code(&self, redemption: Redemption) -> impl Future<Output = Result<CodeTaken, StoreError>> + Send;

    /// Makes a code worthless that came from the wrong hands.
    fn burn_code(&self, digest: SecretDigest, now: UnixTime) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// What the person granted to the client, if anything.
    fn consent(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Consent>, StoreError>> + Send;

    /// Everything the person granted, by client.
    fn consents(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Consent>, StoreError>> + Send;

    /// Leaves less of what was granted: the agreement, codes under way, families and
    /// opaque tokens, all at once. What was narrowed, to be felt at once.
    fn narrow(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        left: Left,
    ) -> impl Future<Output = Result<Vec<Narrowing>, StoreError>> + Send;

    /// Takes everything back that was granted; the notices that were recorded, `None` if
    /// nothing had been.
    fn take_back(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        client: &ClientId,
        until: UnixTime,
    ) -> impl Future<Output = Result<Option<Vec<Notice>>, StoreError>> + Send;
}
