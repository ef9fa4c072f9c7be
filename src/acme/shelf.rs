//! The certificates that the gateway gets by itself, as they stand now: what is shown to
//! callers, until when, what is being done about it and what went wrong. One for the
//! process: a reload finds again what it knows, and a new certificate is in force for the
//! next handshake of every worker with one swap.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwapOption;
use rustls::sign::CertifiedKey;

use crate::acme::pair::Pair;
use crate::acme::timing::{Life, Window};
use crate::acme::wanted::Wanted;
use crate::clock::UnixTime;

/// All of them, by `Wanted::id`.
#[derive(Debug, Default)]
pub struct Shelf(Mutex<HashMap<String, Arc<Slot>>>);

/// One of them.
#[derive(Debug)]
pub struct Slot {
    shown: ArcSwapOption<CertifiedKey>,
    standing: Mutex<Standing>,
}

/// How one of them stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Standing {
    /// The life of the certificate; `None`: a stand-in is shown.
    pub life: Option<Life>,
    /// When one should have been ordered.
    pub due: UnixTime,
    /// When the next order is placed, if that is later.
    pub next: UnixTime,
    /// Attempts that failed since the last that did not.
    pub failures: u32,
    /// Why the last one failed.
    pub problem: Option<String>,
    /// When the authority wants it renewed, as far as it has said so.
    pub window: Option<Window>,
    /// When it is asked for that again.
    pub ask: UnixTime,
    /// What the attempts went by.
    settings: Wanted,
}

impl Shelf {
    /// The place of a certificate, which `make` makes if it is new.
    pub fn slot(&self, wanted: &Wanted, make: impl FnOnce() -> Slot) -> Arc<Slot> {
        Arc::clone(self.all().entry(wanted.id()).or_insert_with(|| Arc::new(make())))
    }

    /// The place of a certificate, if it has one.
    pub fn find(&self, wanted: &Wanted) -> Option<Arc<Slot>> {
        self.all().get(&wanted.id()).cloned()
    }

    /// Forgets all but these.
    pub fn keep_only<'a>(&self, wanted: impl Iterator<Item = &'a Wanted>) {
        let ids: Vec<String> = wanted.map(Wanted::id).collect();
        self.all().retain(|id, _| ids.contains(id));
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Slot>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// With a stand-in, if one could be made; an order is due now.
    pub fn standing_in(wanted: &Wanted, stand_in: Option<CertifiedKey>, now: UnixTime) -> Slot {
        let standing = Standing {
            life: None,
            due: now,
            next: now,
            failures: 0,
            problem: None,
            window: None,
            ask: now,
            settings: wanted.clone(),
        };
        Slot { shown: ArcSwapOption::new(stand_in.map(Arc::new)), standing: Mutex::new(standing) }
    }

    /// What is shown.
    pub fn certified(&self) -> Option<Arc<CertifiedKey>> {
        self.shown.load_full()
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        self.lock().clone()
    }

    /// Shows a certificate from now on; the next one is due then. One that is due at once is
    /// no success: failures before it still count.
    pub fn hold(&self, pair: Pair, due: UnixTime, now: UnixTime) {
        self.shown.store(Some(Arc::new(pair.certified)));
        let mut standing = self.lock();
        standing.life = Some(pair.life);
        (standing.due, standing.next) = (due, due);
        (standing.window, standing.ask) = (None, now);
        standing.problem = None;
        if now < due {
            standing.failures = 0;
        }
    }

    /// Whether the authority is to be asked for advice about what is shown.
    pub fn asks(&self, now: UnixTime) -> bool {
        let standing = self.lock();
        standing.life.is_some() && standing.ask <= now
    }

    /// The authority is asked again then.
    pub fn ask_again(&self, then: UnixTime) {
        self.lock().ask = then;
    }

    /// The authority's advice, and the moment that was drawn from it; true if that changes
    /// when the next one is due. The same advice twice is drawn from once.
    pub fn heed(&self, window: Window, moment: UnixTime) -> bool {
        let mut standing = self.lock();
        if standing.window.replace(window) == Some(window) || standing.due <= moment {
            return false;
        }
        (standing.due, standing.next) = (moment, moment);
        true
    }

    /// An attempt failed; the next one is then.
    pub fn failed(&self, why: String, next: UnixTime) {
        let mut standing = self.lock();
        standing.failures = standing.failures.saturating_add(1);
        (standing.next, standing.problem) = (next, Some(why));
    }

    /// Nothing is to be done until then.
    pub fn rest(&self, next: UnixTime) {
        self.lock().next = next;
    }

    /// Whether an order is to be placed now. Settings other than those that failed are
    /// tried at once.
    pub fn is_due(&self, wanted: &Wanted, now: UnixTime) -> bool {
        let mut standing = self.lock();
        if standing.settings != *wanted {
            standing.settings = wanted.clone();
            (standing.failures, standing.next) = (0, standing.due);
        }
        standing.due <= now && standing.next <= now
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Shelf, Slot};
    use crate::acme::timing::Window;
    use crate::acme::wanted::{Challenge, Wanted};
    use crate::clock::UnixTime;

    fn wanted(name: &str) -> Wanted {
        Wanted {
            names: vec![name.to_owned()],
            directory: "https://ca.example/".to_owned(),
            contact: Vec::new(),
            challenge: Challenge::Http01,
            roots: None,
            external: None,
        }
    }

    #[test]
    fn failures_wait_unless_the_settings_change() {
        let one = wanted("a.example");
        let slot = Slot::standing_in(&one, None, UnixTime(100));
        assert!(slot.is_due(&one, UnixTime(100)));
        slot.failed("no".to_owned(), UnixTime(160));
        slot.failed("no".to_owned(), UnixTime(220));
        assert_eq!((slot.standing().failures, slot.is_due(&one, UnixTime(219))), (2, false));
        assert!(slot.is_due(&one, UnixTime(220)));
        let other = Wanted { challenge: Challenge::TlsAlpn01, ..one.clone() };
        assert!(slot.is_due(&other, UnixTime(130)), "another way is tried at once");
        assert_eq!(slot.standing().failures, 0);
    }

    #[test]
    fn advice_makes_earlier_and_never_later() {
        let slot = Slot::standing_in(&wanted("a.example"), None, UnixTime(100));
        assert!(!slot.asks(UnixTime(100)), "nobody has an opinion on a stand-in");
        let window = |from| Window { from: UnixTime(from), until: UnixTime(from + 10) };
        assert!(!slot.heed(window(200), UnixTime(205)));
        assert!(slot.heed(window(50), UnixTime(55)));
        assert!(!slot.heed(window(50), UnixTime(52)), "drawn once");
        assert_eq!(slot.standing().due, UnixTime(55));
    }

    #[test]
    fn a_reload_finds_the_same_place_again() {
        let shelf = Shelf::default();
        let (one, two) = (wanted("a.example"), wanted("b.example"));
        let make = || Slot::standing_in(&one, None, UnixTime(1));
        let first = shelf.slot(&one, make);
        assert!(Arc::ptr_eq(&first, &shelf.slot(&one, make)));
        shelf.slot(&two, || Slot::standing_in(&two, None, UnixTime(1)));
        shelf.keep_only([&two].into_iter());
        assert!(shelf.find(&one).is_none() && shelf.find(&two).is_some());
    }
}
