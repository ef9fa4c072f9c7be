//! One shard of the big table: a sorted array with gaps. A key's place is its value
//! scaled to the table, keys that want the same place stand in order behind it, so a
//! look-up that misses ends as early as one that hits, and growing is one pass in
//! order. In front stands a sieve of one byte a place, small enough to stay in the
//! processor's cache: it answers 49 of 50 misses without a look at the table, and can
//! never say no to a key that is in. 21 bytes a slot, 24 to 27 an entry.
//! Must never: be given keys that a caller can choose; `list` spreads them first.
//! A mark holds a kind in its low bits, which stays, and an end above, which grows.

use std::cmp::Ordering;

/// Slots behind the last place, so that nothing ever wraps around; more are added
/// should they not do.
const TAIL: usize = 64;

/// Places that share a word of the sieve.
const WORD_PLACES: usize = 8;

/// Up to this many slots a table doubles; beyond, it grows by an eighth.
const DOUBLING_SLOTS: usize = 64;

/// Low bits of a mark that hold the kind.
pub(in crate::revocation) const KIND_BITS: u32 = 3;

/// Mask of those bits.
pub(in crate::revocation) const KIND_MASK: u32 = (1 << KIND_BITS) - 1;

/// A set of keys with their marks.
#[derive(Debug, Default)]
pub(in crate::revocation) struct Shard {
    /// 0 marks an empty slot.
    keys: Vec<u128>,
    marks: Vec<u32>,
    /// Three bits of each key, in the word of its place.
    sieve: Vec<u64>,
    /// Places; `keys` has `TAIL` slots more.
    places: usize,
    entries: usize,
    /// The mark of the key 0, which cannot stand in the table.
    zero: Option<u32>,
}

/// Where a key stands, or would have to.
enum Placed {
    Here(usize),
    There(usize),
}

impl Shard {
    /// How many keys.
    pub fn len(&self) -> usize {
        self.entries + usize::from(self.zero.is_some())
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        self.keys.capacity() * 16 + self.marks.capacity() * 4 + self.sieve.capacity() * 8
    }

    /// Whether the key is in.
    pub fn contains(&self, key: u128) -> bool {
        if key == 0 {
            return self.zero.is_some();
        }
        if self.places == 0 {
            return false;
        }
        let bits = bits(key);
        self.sieve[word(key, self.places)] & bits == bits && matches!(self.find(key), Placed::Here(_))
    }

    /// Puts a key in; returns `true` when it is new, else keeps the later end.
    pub fn insert(&mut self, key: u128, mark: u32) -> bool {
        if key == 0 {
            let known = self.zero;
            self.zero = Some(known.map_or(mark, |known| later(known, mark)));
            return known.is_none();
        }
        if self.entries * 8 >= self.places * 7 {
            self.grow();
        }
        let at = match self.find(key) {
            Placed::Here(at) => {
                self.marks[at] = later(self.marks[at], mark);
                return false;
            }
            Placed::There(at) => at,
        };
        let gap = self.keys[at..].iter().position(|k| *k == 0).map_or(self.keys.len(), |steps| at + steps);
        if gap == self.keys.len() {
            lengthen(&mut self.keys, &mut self.marks);
        }
        self.keys.copy_within(at..gap, at + 1);
        self.marks.copy_within(at..gap, at + 1);
        (self.keys[at], self.marks[at]) = (key, mark);
        self.sieve[word(key, self.places)] |= bits(key);
        self.entries += 1;
        true
    }

    /// Keeps the entries whose mark is wanted, calling `gone` with the marks of the
    /// others; the table shrinks with them.
    pub fn retain(&mut self, wanted: impl Fn(u32) -> bool, mut gone: impl FnMut(u32)) -> usize {
        let before = self.len();
        if let Some(mark) = self.zero.take_if(|mark| !wanted(*mark)) {
            gone(mark);
        }
        let mut staying = 0;
        for (_, mark) in entries(&self.keys, &self.marks) {
            if wanted(mark) {
                staying += 1;
            } else {
                gone(mark);
            }
        }
        if staying < self.entries {
            let mut places = 0;
            while staying * 8 >= places * 7 && staying > 0 {
                places = larger(places);
            }
            self.rebuild(places, wanted);
        }
        before - self.len()
    }

    /// Whether any entry's mark is unwanted.
    pub fn any(&self, unwanted: impl Fn(u32) -> bool) -> bool {
        self.zero.is_some_and(&unwanted) || entries(&self.keys, &self.marks).any(|(_, mark)| unwanted(mark))
    }

    fn find(&self, key: u128) -> Placed {
        let mut at = place(key, self.places);
        loop {
            match self.keys.get(at) {
                None | Some(0) => return Placed::There(at),
                Some(there) => match there.cmp(&key) {
                    Ordering::Less => at += 1,
                    Ordering::Equal => return Placed::Here(at),
                    Ordering::Greater => return Placed::There(at),
                },
            }
        }
    }

    fn grow(&mut self) {
        self.rebuild(larger(self.places), |_| true);
    }

    /// Moves the wanted entries, in order, into a table of that many places.
    fn rebuild(&mut self, places: usize, wanted: impl Fn(u32) -> bool) {
        let slots = if places == 0 { 0 } else { places + TAIL };
        let (mut keys, mut marks) = (vec![0; slots], vec![0; slots]);
        let mut sieve = vec![0; places.div_ceil(WORD_PLACES)];
        let (mut next, mut count) = (0, 0);
        for (key, mark) in entries(&self.keys, &self.marks).filter(|(_, mark)| wanted(*mark)) {
            let at = place(key, places).max(next);
            if at == keys.len() {
                lengthen(&mut keys, &mut marks);
            }
            (keys[at], marks[at]) = (key, mark);
            sieve[word(key, places)] |= bits(key);
            (next, count) = (at + 1, count + 1);
        }
        (self.keys, self.marks, self.sieve) = (keys, marks, sieve);
        (self.places, self.entries) = (places, count);
    }
}

/// More slots behind the last place, should many keys ever want it.
fn lengthen(keys: &mut Vec<u128>, marks: &mut Vec<u32>) {
    let slots = keys.len() + TAIL;
    keys.reserve_exact(TAIL);
    marks.reserve_exact(TAIL);
    keys.resize(slots, 0);
    marks.resize(slots, 0);
}

/// The place of a key among so many: its bits below the eight that chose the shard.
fn place(key: u128, places: usize) -> usize {
    let fraction = (key << 8 >> 64) as u64;
    ((u128::from(fraction) * places as u128) >> 64) as usize
}

/// The word of the sieve for a key.
fn word(key: u128, places: usize) -> usize {
    place(key, places) / WORD_PLACES
}

/// The bits of a key in its word, from the end of the key that does not choose places.
fn bits(key: u128) -> u64 {
    let low = key as u64;
    1 << (low & 63) | 1 << (low >> 6 & 63) | 1 << (low >> 12 & 63)
}

/// The same kind with the later of two ends.
fn later(known: u32, other: u32) -> u32 {
    known & KIND_MASK | known.max(other) & !KIND_MASK
}

fn larger(places: usize) -> usize {
    if places < DOUBLING_SLOTS { (places * 2).max(8) } else { places + places / 8 }
}

fn entries<'a>(keys: &'a [u128], marks: &'a [u32]) -> impl Iterator<Item = (u128, u32)> + 'a {
    keys.iter().copied().zip(marks.iter().copied()).filter(|(key, _)| *key != 0)
}

#[cfg(test)]
mod tests {
    use super::Shard;

    /// Keys of one shard: the top byte is constant.
    fn key(i: u64) -> u128 {
        let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        u128::from(mixed) << 56 | u128::from(mixed >> 20 & 0xFFFF_FFFF) | 1 << 50
    }

    #[test]
    fn crowded_places_and_forgetting() {
        let mut shard = Shard::default();
        // All of these want the very last place of any table.
        let crowd: Vec<u128> = (0..300).map(|i| (u128::MAX >> 8) - i * 2).collect();
        for k in &crowd {
            assert!(shard.insert(*k, 8));
            assert!(!shard.insert(*k, 16));
        }
        assert!(crowd.iter().all(|k| shard.contains(*k) && !shard.contains(k - 1)));
        assert!(shard.memory_bytes() < 20_000, "a crowd costs its slots, no more");
        assert_eq!(shard.retain(|mark| mark > 16, |mark| assert_eq!(mark, 16)), 300);
        assert_eq!((shard.len(), shard.memory_bytes()), (0, 0));
        assert!(!shard.contains(crowd[0]));
    }

    #[test]
    fn bytes_an_entry_stay_in_bounds() {
        let mut shard = Shard::default();
        for i in 0..60_000 {
            assert!(shard.insert(key(i), i as u32));
            if i > 20_000 {
                let bytes = shard.memory_bytes() as f64 / shard.len() as f64;
                assert!((23.0..28.0).contains(&bytes), "{bytes} bytes an entry at {i}");
            }
        }
        assert!((0..60_000).all(|i| shard.contains(key(i))));
        assert!((60_000..90_000).all(|i| !shard.contains(key(i))));
        assert_eq!(shard.retain(|mark| mark % 3 == 0, |_| ()), 40_000);
        assert!((0..60_000).all(|i| shard.contains(key(i)) == (i % 3 == 0)));
    }
}
