//! Random numbers where nobody gains by guessing them: which server is looked at, by how
//! much a pause differs. Two additions and a few shifts each, without a system call.
//! Must never: decide anything that has to stay secret.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A stream of SplitMix64, begun at a place of its own.
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Default for Dice {
    fn default() -> Dice {
        // The hasher's keys are the system's randomness, drawn once a thread.
        Dice(AtomicU64::new(RandomState::new().build_hasher().finish()))
    }
}

impl Dice {
    /// The next 64 bits.
    pub fn throw(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Dice;

    #[test]
    fn no_two_throws_and_no_two_streams_are_alike() {
        let (one, two) = (Dice::default(), Dice::default());
        let mut seen: Vec<u64> = (0..1_000).flat_map(|_| [one.throw(), two.throw()]).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
    }
}
