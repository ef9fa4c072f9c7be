//! Emptied header maps, kept for the next message: a request needs three of them (as it
//! came, as it goes on, and the answer's) and leaves three over. They belong to the
//! thread, which a request never leaves. Must never: hand out a map with anything in it.

use std::cell::RefCell;

use http::HeaderMap;

/// Maps that are kept; further ones are freed.
const KEPT: usize = 128;

/// A map with room for more lines than this is freed.
const MAX_LINES: usize = 64;

thread_local! {
    static MAPS: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map with room for at least `lines`.
pub fn take(lines: usize) -> HeaderMap {
    match MAPS.with_borrow_mut(Vec::pop) {
        Some(mut map) => {
            map.reserve(lines);
            map
        }
        None => HeaderMap::with_capacity(lines),
    }
}

/// Empties a map that is no longer read, and keeps it if there is room.
pub fn keep(mut map: HeaderMap) {
    map.clear();
    MAPS.with_borrow_mut(|kept| {
        if kept.len() < KEPT && (1..=MAX_LINES).contains(&map.capacity()) {
            kept.push(map);
        }
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HOST, HeaderValue};

    use super::{KEPT, MAPS, MAX_LINES, keep, take};

    #[test]
    fn what_comes_back_is_empty_and_bounded() {
        for _ in 0..2 * KEPT {
            keep(HeaderMap::from_iter([(HOST, HeaderValue::from_static("a"))]));
        }
        MAPS.with_borrow(|maps| assert_eq!(maps.len(), KEPT));
        let map = take(20);
        assert!(map.is_empty() && map.capacity() >= 20);
        MAPS.with_borrow_mut(Vec::clear);
        keep(HeaderMap::with_capacity(2 * MAX_LINES));
        keep(HeaderMap::new());
        MAPS.with_borrow(|maps| assert!(maps.is_empty()));
    }
}
