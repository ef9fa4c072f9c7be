//! Chance as a value. Everything that must not be guessed (tokens, secrets, keys,
//! salts) is drawn through this one trait, so that a test can repeat a run and a
//! reader can find every use. Must never: fall back to something weaker.

use std::sync::Mutex;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// A source of unguessable bytes. Law: bytes are uniform and independent; a source
/// that cannot deliver ends the process rather than returning predictable bytes.
pub trait Random: Send + Sync {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` fresh bytes.
pub fn bytes<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut out = [0; N];
    random.fill(&mut out);
    out
}

/// The operating system's generator, by way of aws-lc.
#[derive(Debug, Default)]
pub struct OsRandom(SystemRandom);

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Going on without entropy would mint guessable tokens: ending is the safe way.
        if self.0.fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A repeatable stream for tests (SplitMix64). Never wired into a running gateway.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> SeededRandom {
        SeededRandom(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
