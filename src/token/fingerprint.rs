//! The name under which a verdict about a token is kept: 122 bits over all of its bytes,
//! by a universal hash whose keys nobody knows. As no output ever leaves the process (a
//! caller sees only that his forged token is refused), nobody can learn the keys and
//! choose better than blindly. It costs a fifth of the token's SHA-256, and takes as long
//! whatever the token says. Must never: be stored, logged or sent.
//!
//! **Two lanes, each with keys of its own.** The token, filled up with zeros, is pairs of
//! 64-bit words `(a, b)`; a lane's sum, in integers mod 2^128, is
//! `length * l + Σ ((a_i + k_2i) mod 2^64) * ((b_i + k_2i+1) mod 2^64)`, which is NH
//! (Black and others, "UMAC", CRYPTO 1999) with the length before it. The sum is cut into
//! three pieces of 43 bits, and their product sum with three keys mod 2^61 - 1 is the lane's
//! half of the fingerprint.
//!
//! **Two different tokens meet with a chance below 2^-121.** In one lane: if their lengths
//! differ, the sums are equal for one `l` at most, since `d * l` is another number mod
//! 2^128 for every `l` below 2^64 and every `d` other than 0. If the lengths are equal, take
//! the last pair in which they differ, and say it is in `a`: with all other keys given, the
//! sums are equal for one key beside `b` at most (as that paper proves). So the chance is
//! 2^-64. Different sums have pieces that differ by less than 2^61 - 1, so their halves
//! meet with a chance of 1 / (2^61 - 1), or a hair more, as keys are drawn from 61 bits.
//! Together that is below 2^-60.8. The second lane's `k` are the first lane's, two further
//! on (as in UMAC): up to the last pair that differs, it uses one pair of keys that the
//! first lane's difference does not contain, and its other keys are its own, so the chances
//! multiply. Tokens of more than `LONG` bytes get the start of a keyed SHA-256 instead.

use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::digest;

/// Tokens up to so many bytes are hashed with the long key; seldom is one longer.
const LONG: usize = 2048;

/// Bytes of a pair of words.
const PAIR_BYTES: usize = 16;

/// Pairs of keys: one for each pair of words and the one behind a full last one, and one
/// more for the second lane.
const PAIRS: usize = LONG / PAIR_BYTES + 2;

/// 2^61 - 1, a prime.
const PRIME: u64 = (1 << 61) - 1;

/// Bits of a piece of a sum: three of them hold it.
const PIECE_BITS: u32 = 43;

/// The name of one token in this process.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 16]);

impl Hash for Fingerprint {
    /// Folded once, since a half has 61 bits and tables look at the upper ones too.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let both = u128::from_le_bytes(self.0);
        state.write_u64(both as u64 ^ ((both >> 64) as u64).rotate_left(32));
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(***)")
    }
}

/// Makes fingerprints. One per process, with a key drawn at start.
pub struct Fingerprinter {
    seed: [u8; 16],
    pairs: Box<[[u64; 2]; PAIRS]>,
    lanes: [Lane; 2],
}

/// The keys that are one lane's alone.
#[derive(Clone, Copy, Default)]
struct Lane {
    length: u64,
    pieces: [u64; 3],
}

impl Fingerprinter {
    /// Takes a key that nobody knows, and makes the long one of it.
    pub fn new(key: [u8; 16]) -> Fingerprinter {
        let mut words = (0u64..).flat_map(|count| {
            let block = digest::digest(&digest::SHA256, &[&key[..], b"fingerprint", &count.to_be_bytes()].concat());
            let (four, _) = block.as_ref().as_chunks::<8>();
            four.iter().map(|word| u64::from_le_bytes(*word)).collect::<Vec<u64>>()
        });
        let mut next = || words.next().unwrap_or_default();
        let mut pairs = Box::new([[0; 2]; PAIRS]);
        pairs.iter_mut().flatten().for_each(|key| *key = next());
        let mut lanes = [Lane::default(); 2];
        for lane in &mut lanes {
            lane.length = next();
            lane.pieces.iter_mut().for_each(|key| *key = next() & PRIME);
        }
        Fingerprinter { seed: key, pairs, lanes }
    }

    /// The fingerprint of a token's bytes.
    pub fn of(&self, token: &[u8]) -> Fingerprint {
        if token.len() > LONG {
            return self.of_long(token);
        }
        let [mut one, mut two] = self.lanes.map(|lane| product(token.len() as u64, lane.length));
        let (whole, rest) = token.as_chunks::<PAIR_BYTES>();
        let mut last = [0; PAIR_BYTES];
        last[..rest.len()].copy_from_slice(rest);
        let [mut near, ref further @ ..] = *self.pairs;
        // A full last pair is followed by an empty one: its keys are there, and it is alike
        // for all tokens of that length.
        for (pair, far) in whole.iter().chain([&last]).zip(further) {
            let pair = u128::from_le_bytes(*pair);
            let (a, b) = (pair as u64, (pair >> 64) as u64);
            one = one.wrapping_add(product(a.wrapping_add(near[0]), b.wrapping_add(near[1])));
            two = two.wrapping_add(product(a.wrapping_add(far[0]), b.wrapping_add(far[1])));
            near = *far;
        }
        let [first, second] = self.lanes;
        let (one, two) = (u128::from(first.half(one)), u128::from(second.half(two)));
        Fingerprint((one | two << 64).to_le_bytes())
    }

    fn of_long(&self, token: &[u8]) -> Fingerprint {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.seed);
        context.update(token);
        let mut out = [0; 16];
        out.copy_from_slice(&context.finish().as_ref()[..16]);
        Fingerprint(out)
    }
}

impl Lane {
    /// A sum's pieces times their keys, mod 2^61 - 1.
    fn half(self, sum: u128) -> u64 {
        let mask = (1 << PIECE_BITS) - 1;
        let pieces = [sum as u64 & mask, (sum >> PIECE_BITS) as u64 & mask, (sum >> (2 * PIECE_BITS)) as u64];
        let [a, b, c] = [0, 1, 2].map(|i| product(pieces[i], self.pieces[i]));
        // Three products of 43 and 61 bits have 106: two folds leave 61 and one more.
        let total = a + b + c;
        let once = (total & u128::from(PRIME)) + (total >> 61);
        let twice = (once as u64 & PRIME) + (once >> 61) as u64;
        if twice >= PRIME { twice - PRIME } else { twice }
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter(***)")
    }
}

#[cfg(test)]
mod tests;
