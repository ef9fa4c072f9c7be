//! What plays the transcripts: reading them, comparing, and the two stages.

pub mod core;
pub mod example;
pub mod made;
pub mod mutant;
pub mod pattern;
pub mod play;
pub mod tls;
pub mod transcript;
pub mod wire;
