//! One password hash in PHC form: made with our parameters, read with whatever sane
//! ones it has. A hash is the operator's input and may be broken or absurd; such a one
//! fits no password and costs no more than a good one.
//! Must never: let a stored text choose how much memory or time a sign-in takes.

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};

use crate::random::{Random, bytes};

/// KiB of memory of a hash made here (RFC 9106 §4 in OWASP's smaller measure).
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over the memory of a hash made here.
const PASSES: u32 = 2;

/// Lanes of a hash made here.
const LANES: u32 = 1;

/// The most memory a given hash may ask for: 256 MiB.
const MEMORY_KIB_MOST: u32 = 256 * 1024;

/// The most work a given hash may ask for: KiB of memory times passes.
const WORK_MOST: u64 = 1024 * 1024;

/// The most lanes a given hash may ask for; they are computed one after the other.
const LANES_MOST: u32 = 16;

/// A hash with our parameters whose digest is all zeros: no password is known to have
/// it, and none is ever accepted for it.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Why a text is not a password hash that is used here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadHash {
    /// The fact, without the hash.
    pub detail: &'static str,
}

impl fmt::Display for BadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.detail)
    }
}

impl std::error::Error for BadHash {}

/// A password hash that was read and is within the bounds.
#[derive(Clone, Debug)]
pub struct PasswordDigest(PasswordHash);

impl PasswordDigest {
    /// Reads a PHC string.
    ///
    /// # Errors
    /// Not a PHC string, not Argon2id version 19, or parameters beyond the bounds.
    pub fn parse(text: &str) -> Result<PasswordDigest, BadHash> {
        let bad = |detail| BadHash { detail };
        let hash = PasswordHash::new(text).map_err(|_| bad("the password hash is not a PHC string"))?;
        if hash.algorithm != ARGON2ID_IDENT {
            return Err(bad("the password hash is not Argon2id"));
        }
        if hash.version != Some(Version::V0x13.into()) {
            return Err(bad("the password hash is not of Argon2 version 19"));
        }
        if hash.salt.is_none() || hash.hash.is_none() {
            return Err(bad("the password hash lacks its salt or its digest"));
        }
        let params = Params::try_from(&hash).map_err(|_| bad("the parameters of the password hash cannot be"))?;
        let work = u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > MEMORY_KIB_MOST || work > WORK_MOST || params.p_cost() > LANES_MOST {
            return Err(bad("the password hash asks for more memory or time than is given here"));
        }
        Ok(PasswordDigest(hash))
    }

    /// What is computed where there is no hash, so that it takes as long.
    pub(in crate::users) fn nobodys() -> Option<PasswordDigest> {
        PasswordDigest::parse(NOBODYS).ok()
    }

    /// Whether the password has this hash. Takes as long as the hash was made to take.
    pub fn fits(&self, password: &str) -> bool {
        standard().is_some_and(|argon2| argon2.verify_password(password.as_bytes(), &self.0).is_ok())
    }
}

/// Hashes a new password: Argon2id, 19 MiB, two passes, a fresh salt, as a PHC string.
pub fn hash_password(password: &str, random: &dyn Random) -> String {
    let salt = bytes::<16>(random);
    // Both can only fail for parameters that cannot be, and ours are constants above.
    let hashed = standard().and_then(|argon2| argon2.hash_password_with_salt(password.as_bytes(), &salt).ok());
    hashed.map_or_else(|| std::process::abort(), |hash: PasswordHash| hash.to_string())
}

fn standard() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::{PasswordDigest, hash_password};
    use crate::random::SeededRandom;

    #[test]
    fn a_hash_fits_its_password_only() {
        let random = SeededRandom::new(11);
        let text = hash_password("correct horse", &random);
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let hash = PasswordDigest::parse(&text).unwrap();
        assert!(hash.fits("correct horse"));
        assert!(!hash.fits("correct horse "));
        assert_ne!(text, hash_password("correct horse", &random), "a fresh salt each time");
    }

    #[test]
    fn nobodys_hash_is_one_like_ours() {
        let nobodys = PasswordDigest::nobodys().unwrap();
        let ours = PasswordDigest::parse(&hash_password("x", &SeededRandom::new(1))).unwrap();
        assert_eq!(nobodys.0.params, ours.0.params);
        assert_eq!(nobodys.0.hash.unwrap().len(), ours.0.hash.unwrap().len());
    }

    #[test]
    fn other_parameters_are_read() {
        // From the reference implementation: echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1.
        let text = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(PasswordDigest::parse(text).unwrap().fits("password"));
    }

    #[test]
    fn broken_and_absurd_ones_are_refused() {
        let tail = "c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        for text in [
            "",
            "plain",
            "$2b$10$abcdefghijklmnopqrstuv",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ",
            &format!("$argon2i$v=19$m=19456,t=2,p=1${tail}"),
            &format!("$argon2id$v=16$m=19456,t=2,p=1${tail}"),
            &format!("$argon2id$m=19456,t=2,p=1${tail}"),
            &format!("$argon2id$v=19$m=4194304,t=1,p=1${tail}"),
            &format!("$argon2id$v=19$m=19456,t=4000000000,p=1${tail}"),
            &format!("$argon2id$v=19$m=19456,t=2,p=64${tail}"),
            &format!("$argon2id$v=19$m=1,t=2,p=1${tail}"),
        ] {
            assert!(PasswordDigest::parse(text).is_err(), "{text}");
        }
    }
}
