//! What a verified token says, in the form in which every request asks it again:
//! times as numbers, scopes as bits, revocation handles ready to look up. Made once
//! per token and shared; it answers "is it live at `now`", never "was it revoked".

use crate::clock::{Seconds, UnixTime};
#[cfg(test)]
use crate::token::handle::Handle;
use crate::token::handle::Handles;
use crate::token::scope::ScopeSet;

/// How far in the future `iat` may lie: a token issued in the second of a sign-out
/// bears the next one, and clocks differ. Further off, it was not issued yet.
pub const ISSUED_AHEAD: Seconds = Seconds(60);

/// The claims of one access token whose signature (or store row) was checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// Index of the issuer in the snapshot's list of token profiles.
    pub issuer: usize,
    /// `sub`.
    pub subject: Box<str>,
    /// `client_id`, where the token names one.
    pub client: Option<Box<str>>,
    /// `scope` as it is handed to backends: names joined by one space.
    pub scope_text: Box<str>,
    /// The scopes that rules of this snapshot speak of.
    pub scopes: ScopeSet,
    /// `aud`, one or several.
    pub audience: Box<[Box<str>]>,
    /// `iat`.
    pub issued_at: Option<UnixTime>,
    /// `nbf`.
    pub not_before: Option<UnixTime>,
    /// `exp`; `None` is a token without end (only where its profile allows one).
    pub expires: Option<UnixTime>,
    /// What revocations may name it by.
    pub handles: Handles,
    /// Further claims as text, in the order of the snapshot's list of kept claims
    /// (those that identity headers or rules speak of); `None` where absent.
    pub kept: Box<[Option<Box<str>>]>,
}

/// Whether a token's own times allow its use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// Between `nbf` and `exp`.
    Live,
    /// `exp` has passed (RFC 7519 §4.1.4).
    Expired,
    /// `nbf` is still to come (RFC 7519 §4.1.5), or `iat` lies further ahead than clocks differ.
    NotYet,
}

impl Claims {
    /// Asks the token's own times, giving other clocks `leeway`.
    pub fn liveness(&self, now: UnixTime, leeway: Seconds) -> Liveness {
        if self.expires.is_some_and(|end| end.after(leeway) <= now) {
            Liveness::Expired
        } else if self.not_before.is_some_and(|start| now.after(leeway) < start)
            || self.issued_at.is_some_and(|issued| now.after(leeway.max(ISSUED_AHEAD)) < issued)
        {
            Liveness::NotYet
        } else {
            Liveness::Live
        }
    }

    /// For tests: a token of `subject` without an end, which says nothing else.
    #[cfg(test)]
    pub fn bare(subject: &str) -> Claims {
        let none = Handle(0);
        Claims {
            issuer: 0,
            subject: subject.into(),
            client: None,
            scope_text: "".into(),
            scopes: ScopeSet::default(),
            audience: Box::default(),
            issued_at: None,
            not_before: None,
            expires: None,
            handles: Handles { token: none, family: None, user: None, client: None, key: None, issuer: none },
            kept: Box::default(),
        }
    }
}
