//! What compiling a configuration takes from this machine: the time, the number of
//! processors, certificates that vouch for themselves, and a slow hash. Every command
//! that loads a file loads it with one of these, so all judge it alike.

use crate::clock::{Clock as _, SystemClock};
use crate::config::load::Context;
use crate::config::self_signed::{Kept, SelfSigned};
use crate::random::Random;
use crate::token::secret::Secret;
use crate::users::phc;

/// For a look at a file; `self_signed` decides whether a certificate is kept.
pub fn context<'a>(self_signed: &'a dyn SelfSigned, random: &'a dyn Random) -> Context<'a> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    Context { now: SystemClock.now(), random, processors, self_signed, hash_password: &hash }
}

/// For a gateway that will run: its self-signed certificate is kept.
pub fn running_context(random: &dyn Random) -> Context<'_> {
    context(&Kept, random)
}

/// Argon2id in PHC form.
pub fn hash(password: &Secret, random: &dyn Random) -> String {
    phc::hash_password(password.expose(), random)
}
