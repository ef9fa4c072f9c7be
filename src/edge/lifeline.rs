//! Exchanges of one worker that last, each held by what its token allows. When a token
//! ends, or the revocation list has changed, those that may not go on are told, and end
//! in their own protocol's words. An exchange takes a lifeline only once it outlives its
//! first bytes, so that short requests pay nothing for the long ones.
//! Must never: tell an exchange whose token is still good, or look while nothing lasts.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;

use crate::access::tenure::{Ending, Tenure};
use crate::clock::{Clock, UnixTime};
use crate::edge::worker::lock;
use crate::revocation::list::List;

/// How often is looked while anything lasts. With the follower's own 200 ms this keeps a
/// revocation's way to a live exchange well within a second.
pub const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Entries of ended exchanges that may stand beside as many living ones.
const SLACK: usize = 64;

/// One exchange that lasts. Dropped, it is forgotten.
#[derive(Debug)]
pub struct Lifeline {
    tenure: Tenure,
    /// 0: it may go on; else the index of its ending, plus 1.
    cut: AtomicU8,
    waker: Mutex<Option<Waker>>,
    living: Arc<AtomicUsize>,
}

impl Lifeline {
    /// Ready when the exchange may not go on, and ever after.
    pub fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<Ending> {
        if let Some(ending) = self.ending() {
            return Poll::Ready(ending);
        }
        let mut seat = lock(&self.waker);
        if !seat.as_ref().is_some_and(|known| known.will_wake(cx.waker())) {
            *seat = Some(cx.waker().clone());
        }
        drop(seat);
        // A look may have come between the first question and the waker.
        self.ending().map_or(Poll::Pending, Poll::Ready)
    }

    /// Why it may not go on; `None`: it may.
    pub fn ending(&self) -> Option<Ending> {
        Ending::ALL.get(usize::from(self.cut.load(Ordering::Acquire)).checked_sub(1)?).copied()
    }

    fn cut(&self, ending: Ending) {
        let word = u8::try_from(ending.index() + 1).unwrap_or(u8::MAX);
        // The first reason stands.
        let _ = self.cut.compare_exchange(0, word, Ordering::AcqRel, Ordering::Relaxed);
        let waker = lock(&self.waker).take();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All lifelines of one worker.
#[derive(Debug)]
pub struct Lifelines {
    members: Mutex<Vec<Weak<Lifeline>>>,
    living: Arc<AtomicUsize>,
    /// The list's generation at the last look.
    generation: AtomicU64,
    /// The first second in which one of them expires; `u64::MAX`: none does.
    earliest: AtomicU64,
    /// Rung when the first one comes.
    bell: Notify,
}

impl Default for Lifelines {
    fn default() -> Lifelines {
        Lifelines {
            members: Mutex::default(),
            living: Arc::default(),
            generation: AtomicU64::new(0),
            earliest: AtomicU64::new(u64::MAX),
            bell: Notify::new(),
        }
    }
}

impl Lifelines {
    /// A lifeline on `tenure`; one that has ended since the request was judged is cut
    /// from the beginning. Bounded by what holds it: streams and connections are.
    pub fn enter(&self, tenure: Tenure, revoked: &List, now: UnixTime) -> Arc<Lifeline> {
        let (ended, end) = (tenure.ended(revoked, now), tenure.end());
        let lifeline = Arc::new(Lifeline {
            tenure,
            cut: AtomicU8::new(0),
            waker: Mutex::default(),
            living: Arc::clone(&self.living),
        });
        self.living.fetch_add(1, Ordering::Relaxed);
        if let Some(ending) = ended {
            lifeline.cut(ending);
            return lifeline;
        }
        self.earliest.fetch_min(end.map_or(u64::MAX, |end| end.0), Ordering::Relaxed);
        let mut members = lock(&self.members);
        members.push(Arc::downgrade(&lifeline));
        if members.len() == 1 {
            self.bell.notify_one();
        }
        lifeline
    }

    /// Exchanges that last now.
    pub fn living(&self) -> usize {
        self.living.load(Ordering::Relaxed)
    }

    /// Cuts whoever may not go on. Costs two loads while neither the list has changed
    /// nor a token's end has come; else one question to the list for each.
    pub fn look(&self, revoked: &List, now: UnixTime) {
        // Read before the list is asked: what is added in between is asked next time.
        let generation = revoked.generation();
        let changed = self.generation.swap(generation, Ordering::Relaxed) != generation;
        let due = self.earliest.load(Ordering::Relaxed) <= now.0;
        let mut members = lock(&self.members);
        if !changed && !due {
            if members.len() > 2 * self.living() + SLACK {
                members.retain(|member| member.strong_count() > 0);
            }
            return;
        }
        let (mut earliest, mut ended) = (u64::MAX, Vec::new());
        members.retain(|member| {
            let Some(lifeline) = member.upgrade() else { return false };
            match lifeline.tenure.ended(revoked, now) {
                Some(ending) => {
                    ended.push((lifeline, ending));
                    false
                }
                None => {
                    earliest = earliest.min(lifeline.tenure.end().map_or(u64::MAX, |end| end.0));
                    true
                }
            }
        });
        self.earliest.store(earliest, Ordering::Relaxed);
        drop(members);
        // Out of the lock: whoever is woken may drop what it holds.
        ended.iter().for_each(|(lifeline, ending)| lifeline.cut(*ending));
    }

    /// Looks for ever; sleeps while nothing lasts. One task per worker.
    pub async fn run(&self, revoked: &List, clock: &dyn Clock) {
        loop {
            if lock(&self.members).is_empty() {
                self.bell.notified().await;
            }
            tokio::time::sleep(LOOK_EVERY).await;
            self.look(revoked, clock.now());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    use super::{Lifeline, Lifelines};
    use crate::access::tenure::{Ending, Tenure};
    use crate::clock::{Seconds, UnixTime};
    use crate::revocation::list::List;
    use crate::revocation::notice::Notice;
    use crate::token::claims::Claims;
    use crate::token::handle::{Handle, HandleKind};
    use crate::token::id::IssuerName;

    fn tenure(user: u128, expires: u64) -> Tenure {
        let mut claims = Claims::bare("ana");
        claims.expires = Some(UnixTime(expires));
        claims.handles.user = Some(Handle(user));
        Tenure::new(Arc::new(claims), Seconds(0))
    }

    fn revoke(list: &List, user: u128) {
        let (kind, issuer) = (HandleKind::User, IssuerName::new("main"));
        list.add(&Notice { kind, issuer, handle: Handle(user), issued_before: None, until: UnixTime(9_999) });
    }

    fn cut(lifeline: &Lifeline) -> Poll<Ending> {
        lifeline.poll_cut(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn of_a_thousand_exactly_one_users_are_cut() {
        let (list, lines) = (List::new([3; 32]), Lifelines::default());
        let held: Vec<_> = (0..1000).map(|i| lines.enter(tenure(i % 100 + 1, 500), &list, UnixTime(10))).collect();
        lines.look(&list, UnixTime(11));
        assert!(held.iter().all(|line| cut(line).is_pending()));
        revoke(&list, 42);
        lines.look(&list, UnixTime(12));
        for (i, line) in held.iter().enumerate() {
            let expected = if i % 100 + 1 == 42 { Poll::Ready(Ending::Revoked) } else { Poll::Pending };
            assert_eq!(cut(line), expected, "{i}");
        }
        assert_eq!(lines.living(), 1000);
        drop(held);
        assert_eq!(lines.living(), 0);
    }

    #[test]
    fn each_ends_in_its_own_second_and_not_before() {
        let (list, lines) = (List::new([3; 32]), Lifelines::default());
        let (early, late) =
            (lines.enter(tenure(1, 20), &list, UnixTime(10)), lines.enter(tenure(2, 30), &list, UnixTime(10)));
        lines.look(&list, UnixTime(19));
        assert!(cut(&early).is_pending());
        lines.look(&list, UnixTime(20));
        assert_eq!((cut(&early), cut(&late)), (Poll::Ready(Ending::Expired), Poll::Pending));
        lines.look(&list, UnixTime(30));
        assert_eq!(cut(&late), Poll::Ready(Ending::Expired));
    }

    #[test]
    fn what_ended_between_judgement_and_entry_is_cut_at_once() {
        let (list, lines) = (List::new([3; 32]), Lifelines::default());
        revoke(&list, 1);
        lines.look(&list, UnixTime(10));
        assert_eq!(cut(&lines.enter(tenure(1, 500), &list, UnixTime(10))), Poll::Ready(Ending::Revoked));
    }

    #[test]
    fn those_that_are_gone_are_forgotten_without_news() {
        let (list, lines) = (List::new([3; 32]), Lifelines::default());
        let kept = lines.enter(tenure(1, 500), &list, UnixTime(10));
        lines.look(&list, UnixTime(10));
        (0..1000).for_each(|_| drop(lines.enter(tenure(1, 500), &list, UnixTime(10))));
        lines.look(&list, UnixTime(10));
        assert_eq!(super::lock(&lines.members).len(), 1);
        drop(kept);
    }
}
