//! Verdicts of one worker: tokens whose signature, or store row, was checked before.
//! Only that is remembered, since it alone cannot change; time, revocation, audience
//! and scopes are asked again at every request. Two generations bound it: when the
//! young one is full the old one is dropped, so that what is used stays. Never shared
//! between threads, never kept across a change of the configuration.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem;
use std::sync::Arc;

use crate::clock::UnixTime;
use crate::token::claims::Claims;
use crate::token::fingerprint::Fingerprint;

/// What is remembered of one token.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What it says.
    pub claims: Arc<Claims>,
    /// The generation of the revocation list at which it was last found not revoked;
    /// 0: never looked up.
    pub unrevoked_at: u64,
    /// When the store has to be asked again; `None`: the token's own end is enough.
    pub ask_again: Option<UnixTime>,
}

/// The verdicts of one worker.
#[derive(Debug)]
pub struct Seen {
    young: Map,
    old: Map,
    /// Tokens whose signature was found bad, and at which route: a caller who repeats one
    /// costs no more than one with a good token. On their own, so that whoever makes up
    /// new ones drives out nobody's verdict.
    forged: HashMap<Fingerprint, usize, BuildHasherDefault<Straight>>,
    /// Entries of one generation.
    room: usize,
    lookups: Lookups,
}

/// How often a verdict was asked for, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Lookups {
    /// It was remembered.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
}

type Map = HashMap<Fingerprint, Verdict, BuildHasherDefault<Straight>>;

impl Seen {
    /// Room for `capacity` verdicts in use, and for as many that were; 0 remembers
    /// nothing. With half the room, callers whose tokens just fill it would have every
    /// verdict moved from one generation to the other at each round.
    pub fn new(capacity: usize) -> Seen {
        Seen {
            young: Map::default(),
            old: Map::default(),
            forged: HashMap::default(),
            room: capacity,
            lookups: Lookups::default(),
        }
    }

    /// The verdict about a token, if it is remembered and still good.
    pub fn recall(&mut self, print: Fingerprint, now: UnixTime) -> Option<&mut Verdict> {
        // Where all verdicts find room in the young generation there is no second look.
        if !self.old.is_empty()
            && !self.young.contains_key(&print)
            && let Some(verdict) = self.old.remove(&print)
        {
            self.remember(print, verdict);
        }
        let fresh = |verdict: &&mut Verdict| verdict.ask_again.is_none_or(|moment| now < moment);
        let verdict = self.young.get_mut(&print).filter(fresh);
        match verdict {
            Some(_) => self.lookups.hits += 1,
            None => self.lookups.misses += 1,
        }
        verdict
    }

    /// Remembers a verdict, forgetting those that were not used for longest.
    pub fn remember(&mut self, print: Fingerprint, verdict: Verdict) {
        if self.room == 0 {
            return;
        }
        if self.young.len() >= self.room && !self.young.contains_key(&print) {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(print, verdict);
    }

    /// Whether the token was found forged at this route before; another route may take
    /// other keys.
    pub fn is_forged(&self, print: Fingerprint, route: usize) -> bool {
        self.forged.get(&print) == Some(&route)
    }

    /// Remembers that no key of this route has signed the token. When there is no room all
    /// of them are forgotten.
    pub fn note_forged(&mut self, print: Fingerprint, route: usize) {
        if self.forged.len() >= self.room {
            self.forged.clear();
        }
        if self.room > 0 {
            self.forged.insert(print, route);
        }
    }

    /// Forgets everything: for a new configuration, whose scope bits are others.
    pub fn clear(&mut self) {
        self.young = Map::default();
        self.old = Map::default();
        self.forged = HashMap::default();
    }

    /// How often a verdict was asked for.
    pub fn lookups(&self) -> Lookups {
        self.lookups
    }

    /// How many verdicts are held.
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// True when none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Takes a fingerprint as the hash it is: its key is secret and its bits are even.
#[derive(Debug, Default)]
struct Straight(u64);

impl Hasher for Straight {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Seen, Verdict};
    use crate::clock::UnixTime;
    use crate::token::claims::Claims;
    use crate::token::fingerprint::{Fingerprint, Fingerprinter};

    fn verdict(ask_again: Option<UnixTime>) -> Verdict {
        Verdict { claims: Arc::new(Claims::bare("s")), unrevoked_at: 0, ask_again }
    }

    fn print(i: u32) -> Fingerprint {
        Fingerprinter::new([3; 16]).of(&i.to_be_bytes())
    }

    #[test]
    fn holds_what_is_used_and_no_more_than_its_room() {
        let mut seen = Seen::new(50);
        for i in 0..10_000 {
            seen.remember(print(i), verdict(None));
            assert!(seen.len() <= 100);
            assert!(seen.recall(print(0), UnixTime(0)).is_some(), "token 0 is used all the time, lost at {i}");
        }
        assert!(seen.recall(print(9_999), UnixTime(0)).is_some());
        assert!(seen.recall(print(5_000), UnixTime(0)).is_none());
        seen.clear();
        assert!(seen.is_empty() && seen.recall(print(0), UnixTime(0)).is_none());
    }

    #[test]
    fn a_forged_token_is_forged_at_its_route_and_drives_out_nobody() {
        let mut seen = Seen::new(10);
        seen.remember(print(0), verdict(None));
        for i in 1..100 {
            seen.note_forged(print(i), 7);
            assert!(seen.is_forged(print(i), 7) && !seen.is_forged(print(i), 8));
            assert!(seen.forged.len() <= 10);
        }
        assert!(seen.recall(print(0), UnixTime(0)).is_some());
        seen.clear();
        assert!(!seen.is_forged(print(99), 7));
        let mut none = Seen::new(0);
        none.note_forged(print(1), 7);
        assert!(!none.is_forged(print(1), 7));
    }

    #[test]
    fn no_room_remembers_nothing() {
        let mut seen = Seen::new(0);
        seen.remember(print(1), verdict(None));
        assert!(seen.is_empty() && seen.recall(print(1), UnixTime(0)).is_none());
    }

    #[test]
    fn some_verdicts_have_to_be_asked_for_again() {
        let mut seen = Seen::new(10);
        seen.remember(print(1), verdict(Some(UnixTime(60))));
        assert!(seen.recall(print(1), UnixTime(59)).is_some());
        assert!(seen.recall(print(1), UnixTime(60)).is_none());
    }
}
