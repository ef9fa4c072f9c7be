//! The list that every request is checked against: exact, in memory, shared by all
//! workers. Notices for whatever bears a handle stand in a sharded table; notices
//! with `issued_before` in a small map of cuts. What a false answer would cost: a
//! missed entry lets a stolen token in, a wrong hit locks an innocent out, so no
//! answer here is a guess. Bound: nothing is evicted; an entry leaves by `forget`
//! when the last token it names has expired (25 bytes each until then).
//! Law for callers that cache a verdict: read `generation` first, then ask `revoked`;
//! while `generation` stays the same, the answer does.

use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::clock::UnixTime;
use crate::revocation::cuts::{Cut, Cuts, Cutting};
use crate::revocation::narrowing::{Narrowed, Narrowing};
use crate::revocation::notice::Notice;
use crate::revocation::shard::{KIND_BITS, KIND_MASK, Shard};
use crate::token::handle::{Handle, HandleKind, Handles};
use crate::token::scope::Scopes;

/// Shards of the table, so that writers stop few readers.
const SHARDS: usize = 256;

/// How many kinds of handles there are.
const KINDS: usize = HandleKind::ALL.len();

/// What adding a notice did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Added {
    /// Something that was not revoked is now.
    New,
    /// All it says was known; at most it is remembered longer.
    Known,
}

/// What is called back at present.
pub struct List {
    shards: Box<[RwLock<Shard>; SHARDS]>,
    cuts: RwLock<Cuts>,
    narrowed: RwLock<Narrowed>,
    /// Narrowed families: with none, nobody looks.
    narrow: AtomicU64,
    /// Entries without a moment, by kind: a kind with none needs no look-up.
    whole: [AtomicU64; KINDS],
    /// Cuts, by kind.
    cut: [AtomicU64; KINDS],
    generation: AtomicU64,
    seed: Seed,
}

/// Spreads handles over the table by a bijection that nobody outside can foresee.
#[derive(Clone, Copy)]
struct Seed {
    flip: u128,
    odd: u128,
}

impl List {
    /// An empty list; the seed spreads handles, and must be fresh chance.
    pub fn new(seed: [u8; 32]) -> List {
        let half = |from: usize| (0..16).fold(0u128, |value, i| value << 8 | u128::from(seed[from + i]));
        List {
            shards: Box::new(array::from_fn(|_| RwLock::default())),
            cuts: RwLock::default(),
            narrowed: RwLock::default(),
            narrow: AtomicU64::new(0),
            whole: array::from_fn(|_| AtomicU64::new(0)),
            cut: array::from_fn(|_| AtomicU64::new(0)),
            generation: AtomicU64::new(1),
            seed: Seed { flip: half(0), odd: (half(16) ^ GOLDEN) | 1 },
        }
    }

    /// Adds one notice. Adding again, or in another order, ends in the same list.
    /// When this returns, every later `revoked` sees it.
    pub fn add(&self, notice: &Notice) -> Added {
        let added = self.put(notice);
        if added == Added::New {
            self.generation.fetch_add(1, Ordering::Release);
        }
        added
    }

    /// Adds many, for the load at start and for imports; returns how many were new.
    pub fn extend<'a>(&self, notices: impl IntoIterator<Item = &'a Notice>) -> usize {
        let new = notices.into_iter().filter(|notice| self.put(notice) == Added::New).count();
        if new > 0 {
            self.generation.fetch_add(1, Ordering::Release);
        }
        new
    }

    /// Whether a token with these handles, issued then, was called back. A token that
    /// does not say when it was issued is covered by every cut.
    pub fn revoked(&self, handles: &Handles, issued_at: Option<UnixTime>) -> bool {
        handles.iter().any(|(kind, handle)| {
            let (whole, cut) = (&self.whole[kind as usize], &self.cut[kind as usize]);
            (whole.load(Ordering::Acquire) > 0 && self.contains(handle))
                || (cut.load(Ordering::Acquire) > 0 && self.is_cut(handle, issued_at))
        })
    }

    /// Whether it was its user, with everything of his, who was called back.
    pub fn names_user(&self, handles: &Handles, issued_at: Option<UnixTime>) -> bool {
        handles.user.is_some_and(|user| self.contains(user) || self.is_cut(user, issued_at))
    }

    /// Leaves less to the tokens of a family. When this returns, every later `left` sees
    /// it, and whoever caches a verdict asks again.
    pub fn narrow(&self, narrowing: &Narrowing) -> Added {
        let mut narrowed = write(&self.narrowed);
        let changes = narrowed.add(narrowing);
        self.narrow.store(narrowed.len() as u64, Ordering::Release);
        drop(narrowed);
        if !changes {
            return Added::Known;
        }
        self.generation.fetch_add(1, Ordering::Release);
        Added::New
    }

    /// What was left to the family of a token, with what those scopes hold; `None`: all
    /// that the token says.
    pub fn left(&self, handles: &Handles) -> Option<Scopes> {
        if self.narrow.load(Ordering::Acquire) == 0 {
            return None;
        }
        read(&self.narrowed).left(handles.family?).cloned()
    }

    /// Grows with every change that could turn an answer of `revoked` to yes.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Drops what ended, shard by shard, so that no reader waits for more than one
    /// small table; returns how many entries left.
    pub fn forget(&self, now: UnixTime) -> usize {
        let ended = |mark: u32| mark >> KIND_BITS != NEVER && u64::from(mark >> KIND_BITS) * TICK <= now.0;
        let mut gone = 0;
        for shard in &self.shards[..] {
            // Looking takes the shared lock: most sweeps change nothing.
            if read(shard).any(ended) {
                let lessen = |mark: u32| {
                    self.whole[(mark & KIND_MASK) as usize].fetch_sub(1, Ordering::Release);
                };
                gone += write(shard).retain(|mark| !ended(mark), lessen);
            }
        }
        let mut narrowed = write(&self.narrowed);
        gone += narrowed.forget(now);
        self.narrow.store(narrowed.len() as u64, Ordering::Release);
        drop(narrowed);
        gone + write(&self.cuts).forget(now, |kind| {
            self.cut[kind as usize].fetch_sub(1, Ordering::Release);
        })
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.counts_by_kind().iter().map(|(_, count)| *count as usize).sum()
    }

    /// True when nothing is called back.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many entries of each kind.
    pub fn counts_by_kind(&self) -> [(HandleKind, u64); KINDS] {
        HandleKind::ALL.map(|kind| {
            let (whole, cut) = (&self.whole[kind as usize], &self.cut[kind as usize]);
            (kind, whole.load(Ordering::Relaxed) + cut.load(Ordering::Relaxed))
        })
    }

    /// The `iat` that a token with these handles must bear to be live: `now`, or the
    /// second after the latest cut that would cover it. Who signs in again in the very
    /// second in which his tokens were called back gets one that works. The handles are
    /// asked for only while there are cuts.
    pub fn earliest_issue<H>(&self, handles: impl FnOnce() -> H, now: UnixTime) -> UnixTime
    where
        H: Iterator<Item = Handle>,
    {
        let cuts = read(&self.cuts);
        if cuts.is_empty() {
            return now;
        }
        let latest = handles().filter_map(|handle| cuts.moment(handle)).max();
        latest.map_or(now, |moment| now.max(UnixTime(moment.0.saturating_add(1))))
    }

    /// Bytes that the entries take on the heap.
    pub fn memory_bytes(&self) -> usize {
        let table: usize = self.shards.iter().map(|shard| read(shard).memory_bytes()).sum();
        table + size_of::<[RwLock<Shard>; SHARDS]>() + read(&self.cuts).memory_bytes()
    }

    /// Whether the handle itself was called back, whenever its tokens were issued.
    fn contains(&self, handle: Handle) -> bool {
        let key = self.seed.spread(handle);
        read(&self.shards[shard_of(key)]).contains(key)
    }

    fn is_cut(&self, handle: Handle, issued_at: Option<UnixTime>) -> bool {
        let moment = read(&self.cuts).moment(handle);
        moment.is_some_and(|moment| issued_at.is_none_or(|issued| issued <= moment))
    }

    fn put(&self, notice: &Notice) -> Added {
        let kind = notice.kind;
        let Some(issued_before) = notice.issued_before else {
            let key = self.seed.spread(notice.handle);
            let mut shard = write(&self.shards[shard_of(key)]);
            if !shard.insert(key, mark(kind, notice.until)) {
                return Added::Known;
            }
            self.whole[kind as usize].fetch_add(1, Ordering::Release);
            return Added::New;
        };
        let mut cuts = write(&self.cuts);
        match cuts.add(notice.handle, Cut { kind, issued_before, until: notice.until }) {
            Cutting::First => {
                self.cut[kind as usize].fetch_add(1, Ordering::Release);
                Added::New
            }
            Cutting::Later => Added::New,
            Cutting::Nothing => Added::Known,
        }
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "List({} entries, generation {})", self.len(), self.generation())
    }
}

impl Seed {
    /// A bijection of 128 bits: exactness is kept. Its high bits, which choose the
    /// place, hang on all bits of the handle, so that even handles made by hand (an
    /// import may name any) lie evenly.
    fn spread(self, handle: Handle) -> u128 {
        let once = (handle.0 ^ self.flip).wrapping_mul(self.odd);
        (once ^ once >> 64).wrapping_mul(self.odd)
    }
}

fn shard_of(key: u128) -> usize {
    (key >> 120) as usize
}

/// Kind and end of an entry in 32 bits: the end in ticks, rounded up, above the kind.
fn mark(kind: HandleKind, until: UnixTime) -> u32 {
    let ticks = until.0.div_ceil(TICK).min(u64::from(NEVER)) as u32;
    ticks << KIND_BITS | kind as u32
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// 2^128 divided by the golden ratio: keeps the multiplier from being a weak one.
const GOLDEN: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

/// Seconds of a tick: an entry may stay so much longer than it must.
const TICK: u64 = 8;

/// The last tick (in the year 2106): an entry with it never leaves by itself.
const NEVER: u32 = u32::MAX >> KIND_BITS;

#[cfg(test)]
mod tests;
