//! Emptied header maps, kept for the next message: a request needs three of them (as it
//! came, as it goes on, and the answer's) and leaves three over. They belong to the
//! thread, which a request never leaves. Must never: hand out a map with anything in it.

use std::cell::RefCell;

use http::HeaderMap;

/// Maps that are kept; further ones are freed.
const KEPT: usize = 128;

/// A map has room for at least so many lines, since growing costs more than the room; one
/// with room for more than the second number is freed.
const LINES: (usize, usize) = (24, 64);

thread_local! {
    static MAPS: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
}

/// An empty map with room for at least `lines`.
pub fn take(lines: usize) -> HeaderMap {
    match MAPS.with_borrow_mut(Vec::pop) {
        Some(mut map) => {
            // To reserve what is there costs as much as to look up a line.
            if map.capacity() < lines {
                map.reserve(lines);
            }
            map
        }
        None => HeaderMap::with_capacity(lines.max(LINES.0)),
    }
}

/// Empties a map that is no longer read, and keeps it if there is room.
pub fn keep(mut map: HeaderMap) {
    map.clear();
    MAPS.with_borrow_mut(|kept| {
        if kept.len() < KEPT && (LINES.0..=LINES.1).contains(&map.capacity()) {
            kept.push(map);
        }
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HOST, HeaderValue};

    use super::{KEPT, LINES, MAPS, keep, take};

    #[test]
    fn what_comes_back_is_empty_and_bounded() {
        for _ in 0..2 * KEPT {
            let mut map = HeaderMap::with_capacity(LINES.0);
            map.insert(HOST, HeaderValue::from_static("a"));
            keep(map);
        }
        MAPS.with_borrow(|maps| assert_eq!(maps.len(), KEPT));
        let map = take(20);
        assert!(map.is_empty() && map.capacity() >= 20);
        MAPS.with_borrow_mut(Vec::clear);
        keep(HeaderMap::with_capacity(2 * LINES.1));
        keep(HeaderMap::new());
        MAPS.with_borrow(|maps| assert!(maps.is_empty()));
    }
}
