//! Proof that who redeems a code is who asked for it (RFC 7636). A challenge is kept
//! with the code; the verifier must fit it, and must not come where none is expected
//! (RFC 9700 §4.8.2), or a challenge could be stripped from the request unseen.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::oauth::people::PlainChallenge;

/// RFC 7636 §4.1: the fewest and the most characters of a verifier.
const LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;

/// Characters of the base64url of a SHA-256.
const S256_LENGTH: usize = 43;

/// What a request for a code said (RFC 7636 §4.3).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    /// How it was made from the verifier.
    pub method: ChallengeMethod,
    /// `code_challenge`.
    pub text: String,
}

/// How a challenge is made from the verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChallengeMethod {
    /// The base64url of its SHA-256.
    S256,
    /// The verifier itself.
    Plain,
}

impl ChallengeMethod {
    /// The word on the wire and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            ChallengeMethod::S256 => "S256",
            ChallengeMethod::Plain => "plain",
        }
    }

    /// The method of that word.
    pub fn parse(word: &str) -> Option<ChallengeMethod> {
        [ChallengeMethod::S256, ChallengeMethod::Plain].into_iter().find(|method| method.as_str() == word)
    }
}

impl Challenge {
    /// Reads `code_challenge` and `code_challenge_method`; without a method it is
    /// `plain` (RFC 7636 §4.3).
    ///
    /// # Errors
    /// What is wrong, in a sentence.
    pub fn read(
        challenge: Option<&str>,
        method: Option<&str>,
        plain: PlainChallenge,
    ) -> Result<Option<Challenge>, &'static str> {
        let Some(text) = challenge else {
            return if method.is_some() { Err("code_challenge_method without code_challenge") } else { Ok(None) };
        };
        let method = match method.map_or(Some(ChallengeMethod::Plain), ChallengeMethod::parse) {
            Some(ChallengeMethod::Plain) if plain == PlainChallenge::Refuse => {
                return Err("code_challenge_method must be S256");
            }
            Some(method) => method,
            None => return Err("code_challenge_method is not one that is served"),
        };
        let fits = match method {
            ChallengeMethod::S256 => text.len() == S256_LENGTH && text.bytes().all(is_base64url),
            ChallengeMethod::Plain => is_verifier(text),
        };
        if !fits {
            return Err("code_challenge is malformed");
        }
        Ok(Some(Challenge { method, text: text.to_owned() }))
    }

    /// Whether `verifier` is what this challenge was made from.
    fn fits(&self, verifier: &str) -> bool {
        let made = match self.method {
            ChallengeMethod::Plain => verifier.to_owned(),
            ChallengeMethod::S256 => URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes())),
        };
        is_verifier(verifier) && bool::from(made.as_bytes().ct_eq(self.text.as_bytes()))
    }
}

/// Whether what is presented is what was announced: a fitting verifier for a
/// challenge, and none where there was none.
pub fn proves(challenge: Option<&Challenge>, verifier: Option<&str>) -> bool {
    match (challenge, verifier) {
        (None, None) => true,
        (Some(challenge), Some(verifier)) => challenge.fits(verifier),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn is_verifier(text: &str) -> bool {
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    LENGTHS.contains(&text.len()) && text.bytes().all(unreserved)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::{Challenge, ChallengeMethod, proves};
    use crate::oauth::people::PlainChallenge;

    /// RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(challenge: &str, method: Option<&str>, plain: PlainChallenge) -> Result<Option<Challenge>, &'static str> {
        Challenge::read(Some(challenge), method, plain)
    }

    #[test]
    fn the_example_of_the_rfc_fits() {
        let challenge = read(CHALLENGE, Some("S256"), PlainChallenge::Refuse).unwrap().unwrap();
        assert!(proves(Some(&challenge), Some(VERIFIER)));
        for wrong in [CHALLENGE, "", &VERIFIER[1..], &format!("{VERIFIER}x")] {
            assert!(!proves(Some(&challenge), Some(wrong)), "{wrong}");
        }
    }

    #[test]
    fn neither_half_comes_alone() {
        let challenge = read(CHALLENGE, Some("S256"), PlainChallenge::Refuse).unwrap();
        assert!(!proves(challenge.as_ref(), None), "a challenge wants its verifier");
        assert!(!proves(None, Some(VERIFIER)), "a verifier without a challenge: somebody took it out");
        assert!(proves(None, None));
        assert!(Challenge::read(None, Some("S256"), PlainChallenge::Refuse).is_err());
    }

    #[test]
    fn plain_is_refused_unless_it_is_accepted() {
        for method in [None, Some("plain")] {
            assert!(read(VERIFIER, method, PlainChallenge::Refuse).is_err());
            let taken = read(VERIFIER, method, PlainChallenge::Accept).unwrap().unwrap();
            assert_eq!(taken.method, ChallengeMethod::Plain);
            assert!(proves(Some(&taken), Some(VERIFIER)) && !proves(Some(&taken), Some(CHALLENGE)));
        }
        for (text, method) in [(VERIFIER, "s256"), ("short", "S256"), (&CHALLENGE[1..], "S256"), ("a+b", "plain")] {
            assert!(read(text, Some(method), PlainChallenge::Accept).is_err(), "{text} {method}");
        }
    }
}
