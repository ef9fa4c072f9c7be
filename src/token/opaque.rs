//! Tokens and secrets that mean nothing by themselves: a prefix that says what they
//! are (so that a leaked one is recognised by scanners and by people) and 256 bits
//! of chance; those that are kept as rows tell their place before it. Must never: carry
//! anything else, or be stored as they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::random::{Random, bytes};
use crate::token::place::{PLACE_BYTES, Place};
use crate::token::secret::Secret;

/// Begins every opaque access token.
pub const ACCESS_PREFIX: &str = "tga_";

/// Begins every refresh token.
pub const REFRESH_PREFIX: &str = "tgr_";

/// Begins every client secret made here.
pub const CLIENT_SECRET_PREFIX: &str = "tgs_";

/// Characters after the prefix: 32 bytes in base64url.
pub const BODY_CHARACTERS: usize = 43;

/// The same with a place in front: 39 bytes.
pub const PLACED_CHARACTERS: usize = 52;

/// Bytes of chance.
const CHANCE: usize = 32;

/// A fresh one.
pub fn mint(prefix: &str, random: &dyn Random) -> Secret {
    let chance = Zeroizing::new(bytes::<CHANCE>(random));
    let mut text = String::with_capacity(prefix.len() + BODY_CHARACTERS);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(*chance, &mut text);
    Secret::new(text)
}

/// A fresh access or refresh token whose row lies at `place`.
pub fn mint_at(prefix: &str, place: Place, random: &dyn Random) -> Secret {
    let mut whole = Zeroizing::new([0; PLACE_BYTES + CHANCE]);
    whole[..PLACE_BYTES].copy_from_slice(&place.0);
    random.fill(&mut whole[PLACE_BYTES..]);
    let mut text = String::with_capacity(prefix.len() + PLACED_CHARACTERS);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(*whole, &mut text);
    Secret::new(text)
}

/// Whether a text could have been minted with this prefix: what cannot need not be
/// asked for in a store.
pub fn has_shape(prefix: &str, text: &str) -> bool {
    body(prefix, text).is_some_and(|body| body.len() == BODY_CHARACTERS)
}

/// Whether a text could be a token with this prefix: with a place, or without one as
/// they were before there were places.
pub fn could_be_token(prefix: &str, text: &str) -> bool {
    body(prefix, text).is_some_and(|body| [BODY_CHARACTERS, PLACED_CHARACTERS].contains(&body.len()))
}

fn body<'a>(prefix: &str, text: &'a str) -> Option<&'a str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.strip_prefix(prefix).filter(|body| body.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::{ACCESS_PREFIX, REFRESH_PREFIX, could_be_token, has_shape, mint, mint_at};
    use crate::clock::UnixTime;
    use crate::random::SeededRandom;
    use crate::token::place::Place;

    #[test]
    fn minted_texts_have_their_shape_and_differ() {
        let random = SeededRandom::new(7);
        let (one, two) = (mint(ACCESS_PREFIX, &random), mint(ACCESS_PREFIX, &random));
        assert_ne!(one.expose(), two.expose());
        assert!(has_shape(ACCESS_PREFIX, one.expose()));
        assert!(!has_shape(REFRESH_PREFIX, one.expose()));
    }

    #[test]
    fn other_shapes_are_seen() {
        let random = SeededRandom::new(8);
        let token = mint(ACCESS_PREFIX, &random).expose().to_owned();
        assert!(!has_shape(ACCESS_PREFIX, &token[..token.len() - 1]));
        assert!(!has_shape(ACCESS_PREFIX, &format!("{token}A")));
        assert!(!has_shape(ACCESS_PREFIX, &format!("{}=", &token[..token.len() - 1])));
        assert!(!has_shape(ACCESS_PREFIX, ""));
        let placed = mint_at(ACCESS_PREFIX, Place::first(UnixTime(9)), &random).expose().to_owned();
        assert!(could_be_token(ACCESS_PREFIX, &token) && could_be_token(ACCESS_PREFIX, &placed));
        assert!(!has_shape(ACCESS_PREFIX, &placed), "what is no token has no place");
        assert!(
            !could_be_token(ACCESS_PREFIX, &placed[..placed.len() - 1]) && !could_be_token(REFRESH_PREFIX, &placed)
        );
    }
}
