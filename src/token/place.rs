//! Where the row of a token lies. A token that is kept tells, before its chance, when it
//! ends and in which millisecond it was made, and its digest begins with the same bytes.
//! So what is issued together lies together in the store, and what has ended is one run
//! of rows: a row in a random place costs a page of the disk for each token. The client
//! was told both anyway. Must never: be believed; when a token ends, its row says alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::UnixTime;
use crate::token::opaque::{ACCESS_PREFIX, PLACED_CHARACTERS, REFRESH_PREFIX};
use crate::token::secret::SecretDigest;

/// Five bytes of seconds, two of milliseconds.
pub const PLACE_BYTES: usize = 7;

/// Seconds that five bytes with a leading zero can tell: until 2106.
const LATEST: u64 = 0xFFFF_FFFF;

/// Begins the place of a token without end: behind all that end.
const ENDLESS: u64 = 0xFF << 32;

/// Whole characters of base64 that hold a place, and two bytes of chance behind it.
const HEAD_CHARACTERS: usize = 12;

/// A place among the rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place(pub [u8; PLACE_BYTES]);

impl Place {
    /// The place of a token that ends at `end`, made at `made`, in this millisecond of a
    /// second.
    pub fn new(end: Option<UnixTime>, made: UnixTime, millisecond: u16) -> Place {
        let seconds = end.map_or_else(|| ENDLESS | made.0.min(LATEST), |end| end.0.min(LATEST));
        Place::at(seconds, millisecond)
    }

    /// Before it lies whatever ended before `end`.
    pub fn first(end: UnixTime) -> Place {
        Place::at(end.0.min(LATEST), 0)
    }

    /// Whether what bears this digest lies among what ends at `end`.
    pub fn tells_end(digest: &SecretDigest, end: UnixTime) -> bool {
        digest.0[..5] == Place::first(end).0[..5]
    }

    /// The place that a text tells, if it is of a shape that has one.
    pub fn of(text: &[u8]) -> Option<Place> {
        let body =
            [ACCESS_PREFIX, REFRESH_PREFIX].into_iter().find_map(|prefix| text.strip_prefix(prefix.as_bytes()))?;
        if body.len() != PLACED_CHARACTERS {
            return None;
        }
        let mut head = [0; HEAD_CHARACTERS * 3 / 4];
        URL_SAFE_NO_PAD.decode_slice(&body[..HEAD_CHARACTERS], &mut head).ok()?;
        let mut place = [0; PLACE_BYTES];
        place.copy_from_slice(&head[..PLACE_BYTES]);
        Some(Place(place))
    }

    fn at(seconds: u64, millisecond: u16) -> Place {
        let mut place = [0; PLACE_BYTES];
        place[..5].copy_from_slice(&seconds.to_be_bytes()[3..]);
        place[5..].copy_from_slice(&millisecond.to_be_bytes());
        Place(place)
    }
}

#[cfg(test)]
mod tests {
    use super::{LATEST, Place};
    use crate::clock::UnixTime;
    use crate::random::SeededRandom;
    use crate::token::opaque::{ACCESS_PREFIX, CLIENT_SECRET_PREFIX, REFRESH_PREFIX, mint, mint_at};

    #[test]
    fn places_are_in_the_order_of_ends_and_then_of_making() {
        let at = |end: Option<u64>, made, milli| Place::new(end.map(UnixTime), UnixTime(made), milli);
        let order = [
            at(Some(0), 9, 0),
            at(Some(255), 9, 999),
            at(Some(256), 1, 0),
            at(Some(256), 1, 1),
            at(Some(256), 1, 256),
            at(Some(257), 1, 0),
            at(Some(LATEST), 1, 0),
            at(None, 1, 0),
            at(None, 1, 1),
            at(None, 2, 0),
        ];
        assert!(order.is_sorted_by(|one, next| one < next), "{order:?}");
        assert!(Place::first(UnixTime(256)) <= order[2] && Place::first(UnixTime(256)) > order[1]);
        assert_eq!(at(Some(u64::MAX), 1, 0), at(Some(LATEST), 1, 0), "beyond the number there is only its end");
    }

    #[test]
    fn a_token_tells_its_place_and_its_digest_begins_with_it() {
        let random = SeededRandom::new(3);
        let place = Place::new(Some(UnixTime(1_800_000_000)), UnixTime(0), 423);
        for prefix in [ACCESS_PREFIX, REFRESH_PREFIX] {
            let (one, two) = (mint_at(prefix, place, &random), mint_at(prefix, place, &random));
            assert_eq!(Place::of(one.expose().as_bytes()), Some(place));
            assert_eq!((&one.digest().0[..7], &two.digest().0[..7]), (&place.0[..], &place.0[..]));
            assert_ne!(one.digest(), two.digest());
            assert!(Place::tells_end(&one.digest(), UnixTime(1_800_000_000)));
            assert!(!Place::tells_end(&one.digest(), UnixTime(1_800_000_001)));
        }
    }

    #[test]
    fn other_texts_have_no_place() {
        let random = SeededRandom::new(4);
        let placed = mint_at(ACCESS_PREFIX, Place::first(UnixTime(1)), &random).expose().to_owned();
        let plain = mint(ACCESS_PREFIX, &random).expose().to_owned();
        let foreign = placed.replace(ACCESS_PREFIX, CLIENT_SECRET_PREFIX);
        for text in [&plain, &placed[1..], &placed[..55], &placed.replace("tga_A", "tga_="), &foreign, ""] {
            assert_eq!(Place::of(text.as_bytes()), None, "{text}");
        }
    }
}
