//! Tokens and secrets that mean nothing by themselves: a prefix that says what they
//! are (so that a leaked one is recognised by scanners and by people) and 256 bits
//! of chance. Must never: carry information, or be stored as they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::random::{Random, bytes};
use crate::token::secret::Secret;

/// Begins every opaque access token.
pub const ACCESS_PREFIX: &str = "tga_";

/// Begins every refresh token.
pub const REFRESH_PREFIX: &str = "tgr_";

/// Begins every client secret made here.
pub const CLIENT_SECRET_PREFIX: &str = "tgs_";

/// Characters after the prefix: 32 bytes in base64url.
pub const BODY_CHARACTERS: usize = 43;

/// A fresh one.
pub fn mint(prefix: &str, random: &dyn Random) -> Secret {
    let chance = Zeroizing::new(bytes::<32>(random));
    let mut text = String::with_capacity(prefix.len() + BODY_CHARACTERS);
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(*chance, &mut text);
    Secret::new(text)
}

/// Whether a text could have been minted with this prefix: what cannot need not be
/// asked for in a store.
pub fn has_shape(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|body| {
        body.len() == BODY_CHARACTERS && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

#[cfg(test)]
mod tests {
    use super::{ACCESS_PREFIX, REFRESH_PREFIX, has_shape, mint};
    use crate::random::SeededRandom;

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
    }
}
