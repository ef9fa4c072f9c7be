//! How tokens of an issuer are made up, where it is not the standard's way: random
//! texts of an old system's alphabet, or JWTs whose claims are a dialect's templates.
//! Every one is drawn from 128 bits of chance or more, so no two are equal.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::dialect::shape::Shape;
use crate::dialect::template::Template;
use crate::random::{Random, bytes};
use crate::token::opaque;
use crate::token::place::Place;
use crate::token::secret::Secret;

/// The make-up of both kinds of token.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Spelling {
    /// Of access tokens.
    pub access: Makeup,
    /// Of refresh tokens.
    pub refresh: Makeup,
}

/// The make-up of one kind of token.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Makeup {
    /// RFC 9068, or a random text with a prefix of ours.
    #[default]
    Standard,
    /// A random text.
    Opaque(Alphabet),
    /// A JWT.
    Jwt(Box<JwtForm>),
}

/// What a random text is written with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alphabet {
    /// So many bytes in lower-case hexadecimal digits.
    Hex(usize),
    /// So many letters and digits.
    Base62(usize),
    /// Base64url without padding of so many bytes in hexadecimal digits.
    Base64OfHex(usize),
}

/// A JWT of a dialect.
#[derive(Clone, PartialEq, Debug)]
pub struct JwtForm {
    /// `typ` of its header.
    pub typ: Box<str>,
    /// What its header says behind `typ` and `alg`, in order.
    pub header: Shape,
    /// Its id, which revocations name it by; `None`: 128 random bits.
    pub id: Option<Template>,
    /// Its claims, in order.
    pub claims: Shape,
}

impl Alphabet {
    /// Characters of a text.
    pub fn characters(self) -> usize {
        match self {
            Alphabet::Hex(bytes) => 2 * bytes,
            Alphabet::Base62(characters) => characters,
            Alphabet::Base64OfHex(bytes) => (2 * bytes * 4).div_ceil(3),
        }
    }

    /// Bits of chance in a text.
    pub fn bits(self) -> usize {
        match self {
            Alphabet::Hex(bytes) | Alphabet::Base64OfHex(bytes) => 8 * bytes,
            // A letter or digit is 5.95 bits.
            Alphabet::Base62(characters) => characters * 595 / 100,
        }
    }

    /// A fresh text.
    pub fn mint(self, random: &dyn Random) -> Secret {
        Secret::new(match self {
            Alphabet::Hex(count) => digits(16, 2 * count, random),
            Alphabet::Base62(count) => digits(62, count, random),
            Alphabet::Base64OfHex(count) => URL_SAFE_NO_PAD.encode(digits(16, 2 * count, random)),
        })
    }

    /// Whether a text could be one: what cannot need not be asked for in a store.
    pub fn fits(self, text: &str) -> bool {
        let plain = |b: u8| match self {
            Alphabet::Hex(_) => matches!(b, b'0'..=b'9' | b'a'..=b'f'),
            Alphabet::Base62(_) => b.is_ascii_alphanumeric(),
            Alphabet::Base64OfHex(_) => b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'),
        };
        text.len() == self.characters() && text.bytes().all(plain)
    }
}

impl Makeup {
    /// A fresh random text; a JWT needs more than chance, and is made elsewhere.
    pub fn mint(&self, prefix: &str, random: &dyn Random) -> Secret {
        match self {
            Makeup::Opaque(alphabet) => alphabet.mint(random),
            Makeup::Standard | Makeup::Jwt(_) => opaque::mint(prefix, random),
        }
    }

    /// The same for a token whose row lies at `place`; an old system's alphabet has no
    /// room to tell it.
    pub fn mint_at(&self, prefix: &str, place: Place, random: &dyn Random) -> Secret {
        match self {
            Makeup::Opaque(alphabet) => alphabet.mint(random),
            Makeup::Standard | Makeup::Jwt(_) => opaque::mint_at(prefix, place, random),
        }
    }

    /// Whether a text could be a random one of this make-up.
    pub fn fits(&self, prefix: &str, text: &str) -> bool {
        match self {
            Makeup::Opaque(alphabet) => alphabet.fits(text),
            Makeup::Standard => opaque::could_be_token(prefix, text),
            Makeup::Jwt(_) => false,
        }
    }
}

/// So many digits of a base up to 62, each as likely as any other.
pub fn digits(base: u32, count: usize, random: &dyn Random) -> String {
    const ALL: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let base = base.clamp(2, 62) as usize;
    let fair = 256 - 256 % base;
    let mut out = String::with_capacity(count);
    while out.len() < count {
        for byte in bytes::<32>(random).into_iter().map(usize::from).filter(|byte| *byte < fair) {
            if out.len() < count {
                out.push(char::from(ALL[byte % base]));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, digits};
    use crate::random::SeededRandom;

    #[test]
    fn texts_have_their_alphabet_and_length() {
        let random = SeededRandom::new(5);
        for (alphabet, length) in [(Alphabet::Hex(32), 64), (Alphabet::Base62(30), 30), (Alphabet::Base64OfHex(32), 86)]
        {
            let (one, two) = (alphabet.mint(&random), alphabet.mint(&random));
            assert_eq!((one.expose().len(), alphabet.characters()), (length, length), "{alphabet:?}");
            assert!(alphabet.fits(one.expose()) && one.expose() != two.expose() && alphabet.bits() >= 128);
            assert!(!alphabet.fits(&one.expose()[1..]) && !alphabet.fits(&"-".repeat(length + 1)));
        }
    }

    #[test]
    fn every_digit_comes() {
        let text = digits(62, 4000, &SeededRandom::new(6));
        let mut seen: Vec<char> = text.chars().collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 62);
        assert!(digits(10, 50, &SeededRandom::new(7)).bytes().all(|b| b.is_ascii_digit()));
    }
}
