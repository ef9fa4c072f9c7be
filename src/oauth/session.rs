//! A person's sign-in at one browser, and the trait behind which sessions are kept.
//! The browser holds the only copy of the session's secret; the store has its digest.
//! A session always begins with a fresh secret, so nobody can have planted it.
//! Must never: outlive its lifetime, an idle spell, or its user.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use crate::clock::{Seconds, UnixTime};
use crate::oauth::store::StoreError;
use crate::token::id::{IssuerName, Subject, UserName};
use crate::token::secret::SecretDigest;

/// Sessions of one user at once; with one more the oldest ends.
pub const MAX_SESSIONS: usize = 50;

/// Characters of a browser's own description that are kept.
pub const MAX_AGENT: usize = 200;

/// A session's use is noted at most so often.
pub const NOTED_EVERY: Seconds = Seconds(60);

/// The public number of a session: names it in forms and lists, opens nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(pub [u8; 16]);

/// One sign-in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// Its public number.
    pub id: SessionId,
    /// What is kept of its secret.
    pub digest: SecretDigest,
    /// At which issuer.
    pub issuer: IssuerName,
    /// Who signed in.
    pub subject: Subject,
    /// The name he typed.
    pub user: UserName,
    /// When he typed his password (OpenID Connect: `auth_time`).
    pub began: UnixTime,
    /// When it was last used, to the minute.
    pub seen: UnixTime,
    /// When it ends if it is not used again.
    pub ends: UnixTime,
    /// When it ends at the latest.
    pub expires: UnixTime,
    /// What the browser called itself, cut to `MAX_AGENT`.
    pub agent: String,
    /// Where he signed in from.
    pub address: IpAddr,
}

/// How long sessions live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionSettings {
    /// Without a request.
    pub idle: Seconds,
    /// In all.
    pub lifetime: Seconds,
}

impl Default for SessionSettings {
    /// A working day, and half an hour without a visit.
    fn default() -> SessionSettings {
        SessionSettings { idle: Seconds(30 * 60), lifetime: Seconds(12 * 3600) }
    }
}

impl SessionSettings {
    /// When a session that is used at `now` ends, if it is not used again.
    pub fn ends(&self, now: UnixTime, expires: UnixTime) -> UnixTime {
        now.after(self.idle).min(expires)
    }
}

/// Which of a user's sessions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Which {
    /// That one.
    One(SessionId),
    /// All but that one.
    Others(SessionId),
}

/// Where sessions are kept. Laws:
/// 1. *Durable before the answer*: a session that was ended stays ended through any
///    crash, and one that was begun is there.
/// 2. `find_session` tells only of sessions that are neither ended nor past `ends`.
/// 3. A notice that calls back a user ends his sessions that began before its cut.
/// 4. A user has at most `MAX_SESSIONS`; the oldest gives way.
pub trait SessionStore: Send + Sync {
    /// Begins a session.
    fn begin_session(&self, session: Session) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The living session of that secret.
    fn find_session(
        &self,
        issuer: &IssuerName,
        digest: SecretDigest,
        now: UnixTime,
    ) -> impl Future<Output = Result<Option<Session>, StoreError>> + Send;

    /// Notes that the session was used; nothing if it has ended meanwhile.
    fn keep_session(
        &self,
        id: SessionId,
        seen: UnixTime,
        ends: UnixTime,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The living sessions of a user, the last used first.
    fn sessions_of(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        now: UnixTime,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// Ends sessions of that user and of nobody else; how many.
    fn end_sessions(
        &self,
        issuer: &IssuerName,
        subject: &Subject,
        which: Which,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;
}

impl SessionId {
    /// Reads the 32 hexadecimal digits that `Display` writes.
    pub fn parse(text: &str) -> Option<SessionId> {
        crate::token::id::FamilyId::parse(text).map(|family| SessionId(family.0))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{SessionId, SessionSettings};
    use crate::clock::{Seconds, UnixTime};

    #[test]
    fn use_puts_the_end_off_but_never_beyond_the_lifetime() {
        let settings = SessionSettings { idle: Seconds(30), lifetime: Seconds(100) };
        assert_eq!(settings.ends(UnixTime(10), UnixTime(100)), UnixTime(40));
        assert_eq!(settings.ends(UnixTime(90), UnixTime(100)), UnixTime(100));
    }

    #[test]
    fn a_number_is_read_as_it_is_written() {
        let id = SessionId([0xA5; 16]);
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        for broken in ["", "a5", &"g".repeat(32), &"a5".repeat(17)] {
            assert_eq!(SessionId::parse(broken), None, "{broken}");
        }
    }
}
