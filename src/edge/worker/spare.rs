//! Emptied header maps and heads, kept for the next message: a request needs a head and two
//! maps (as it goes on, and the answer's) and leaves as much over. They belong to the
//! thread, which a request never leaves. Must never: hand out one with anything in it.

use std::cell::RefCell;

use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, Uri};

/// Maps, and heads, that are kept; further ones are freed.
const KEPT: usize = 128;

/// A map has room for at least so many lines, since growing costs more than the room; one
/// with room for more than the second number is freed.
const LINES: (usize, usize) = (24, 64);

thread_local! {
    static MAPS: RefCell<Vec<HeaderMap>> = const { RefCell::new(Vec::new()) };
    #[expect(clippy::vec_box, reason = "what is kept is the box")]
    static HEADS: RefCell<Vec<Box<Parts>>> = const { RefCell::new(Vec::new()) };
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

/// An empty head of a request with room for at least `lines`.
pub fn head(lines: usize) -> Box<Parts> {
    let mut head = HEADS.with_borrow_mut(Vec::pop).unwrap_or_else(|| Box::new(Request::new(()).into_parts().0));
    if head.headers.capacity() < lines {
        head.headers.reserve(lines.max(LINES.0));
    }
    head
}

/// Empties a head that is no longer read, and keeps it if there is room.
pub fn keep_head(mut head: Box<Parts>) {
    if !(LINES.0..=LINES.1).contains(&head.headers.capacity()) {
        return;
    }
    head.headers.clear();
    head.method = Method::GET;
    head.uri = Uri::default();
    head.version = http::Version::default();
    head.extensions = Extensions::new();
    HEADS.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(head);
        }
    });
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::{HOST, HeaderValue};

    use super::{HEADS, KEPT, LINES, MAPS, head, keep, keep_head, take};

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

    #[test]
    fn a_head_comes_back_as_if_new() {
        for _ in 0..2 * KEPT {
            let request =
                http::Request::put("/secret").header("cookie", "a").extension(5_u8).body(()).expect("a request");
            let mut used = Box::new(request.into_parts().0);
            used.headers.reserve(LINES.0);
            used.version = http::Version::HTTP_2;
            keep_head(used);
        }
        HEADS.with_borrow(|heads| assert_eq!(heads.len(), KEPT));
        let fresh = head(20);
        assert_eq!((&fresh.method, &fresh.uri), (&http::Method::GET, &http::Uri::default()));
        assert_eq!(fresh.version, http::Version::HTTP_11);
        assert!(fresh.headers.is_empty() && fresh.headers.capacity() >= 20);
        assert!(fresh.extensions.is_empty());
    }
}
